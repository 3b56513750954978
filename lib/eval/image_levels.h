// Images as the grey levels that networks of others were trained on.
#pragma once
#include "base/types.h"

namespace couplet {

/// x: (N, 1 or 3, H, W) in -1 .. 1 -> (N, 3, H, W), levels 0 .. 255; one channel is repeated,
/// quantise rounds as files of images do. Errors: examples of another shape.
Tensor image_levels(const Tensor& x, bool quantise);

}  // namespace couplet
