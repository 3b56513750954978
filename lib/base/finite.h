// Rows whose numbers are all finite.
#pragma once
#include <ATen/ATen.h>

#include "base/types.h"

namespace couplet {

/// x: (N, …). (N) bool: whether all numbers of a row are finite.
inline Tensor finite_rows(const Tensor& x) { return x.flatten(1).isfinite().all(1); }

}  // namespace couplet
