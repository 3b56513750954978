// Many small images as one.
#pragma once
#include "base/types.h"

namespace couplet {

/// Images side by side, row by row, one zoomed pixel apart. images: (N, C, H, W) uint8 with C 1
/// or 3. Returns (H', W') or (H', W', 3) uint8; each pixel becomes zoom x zoom.
Tensor image_grid(const Tensor& images, int64_t columns, int64_t zoom = 1);

/// The zoom at which images are about 64 pixels wide or high; 1 for larger ones.
int64_t legible_zoom(const Tensor& images);

/// Points of the plane (M, 2) as a picture (side, side), bytes: the darker, the more points; three
/// standard deviations to each side of their mean.
Tensor picture_of_points(const Tensor& points, int64_t side);

}  // namespace couplet
