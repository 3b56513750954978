// Laws of the clock while training.
#pragma once
#include "base/random.h"
#include "base/registry.h"

namespace couplet {

struct TimeLaw {
  virtual ~TimeLaw() = default;
  /// t below which a share u of the draws lies. u: double in [0, 1]; t likewise.
  virtual Tensor quantile(const Tensor& u) const = 0;
  /// t (N) float in [0, 1], one a row.
  virtual Tensor draw(const Random& random, const Tensor& rows) const;
};

const Registry<TimeLaw>& time_laws();

}  // namespace couplet
