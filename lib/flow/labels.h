// Labels: dropped while training, so that one network learns with and without them.
#pragma once
#include <ATen/ops/where.h>

#include "base/random.h"

namespace couplet {

/// Label -1 (none) in place of a share p of the labels, decided by row.
inline Tensor drop_labels(const Tensor& label, double p, const Random& random, const Tensor& rows) {
  if (p == 0) return label;
  return at::where(random.uniform(rows, {}).le(p), -1, label);
}

}  // namespace couplet
