// Laws of the clock while training.
#pragma once
#include "base/random.h"
#include "base/registry.h"

namespace couplet {

struct TimeLaw {
  virtual ~TimeLaw() = default;
  /// t (N) in [0, 1], one a row.
  virtual Tensor draw(const Random& random, const Tensor& rows) const = 0;
};

const Registry<TimeLaw>& time_laws();

}  // namespace couplet
