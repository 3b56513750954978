// Augmentation by row: the same draw, the same change.
#pragma once
#include <ATen/ops/where.h>

#include "base/space.h"

namespace couplet {

/// x (N, …, W), left to right where flip (N) is true.
inline Tensor mirrored(const Tensor& x, const Tensor& flip) {
  return at::where(expand_to(flip, x), x.flip(-1), x);
}

}  // namespace couplet
