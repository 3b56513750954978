#include "formats/grid.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "base/finite.h"

namespace couplet {

Tensor image_grid(const Tensor& images, int64_t columns, int64_t zoom) {
  require(images.dim() == 4 && (images.size(1) == 1 || images.size(1) == 3) && images.size(0) > 0,
          "a grid shows images (N, C, H, W) with 1 or 3 channels, found ", images.sizes());
  TORCH_INTERNAL_ASSERT(images.scalar_type() == at::kByte && columns > 0 && zoom > 0);
  const int64_t n = images.size(0), across = std::min(columns, n), down = (n + across - 1) / across;
  const int64_t channels = images.size(1), height = images.size(2) + 1, width = images.size(3) + 1;
  // White between the images and where the last row ends; no line after the last ones.
  Tensor tiles = at::full({down * across, channels, height, width}, 255, images.options());
  tiles.narrow(0, 0, n).narrow(2, 0, height - 1).narrow(3, 0, width - 1).copy_(images);
  Tensor page = tiles.view({down, across, channels, height, width})
                    .permute({0, 3, 1, 4, 2})
                    .reshape({down * height, across * width, channels})
                    .narrow(0, 0, down * height - 1)
                    .narrow(1, 0, across * width - 1);
  page = page.repeat_interleave(zoom, 0).repeat_interleave(zoom, 1);
  return channels == 1 ? page.squeeze(2) : page;
}

int64_t legible_zoom(const Tensor& images) {
  return std::max<int64_t>(1, 64 / std::max(images.size(2), images.size(3)));
}

Tensor picture_of_points(const Tensor& points, int64_t side) {
  const Tensor finite = finite_rows(points).nonzero().view(-1);
  require(finite.size(0) > 0, "no point of ", points.size(0), " has finite numbers");
  const Tensor p = points.index_select(0, finite).to(at::kDouble);
  const Tensor half = 3 * p.std(0, /*unbiased=*/false).max().clamp_min(1e-6);
  const Tensor cell = ((p - p.mean(0)) / half + 1).mul(0.5 * side).floor().to(at::kLong);
  const Tensor inside = cell.ge(0).logical_and(cell.lt(side)).all(1);
  const Tensor column = cell.select(1, 0), row = side - 1 - cell.select(1, 1);
  const Tensor count = (row * side + column).masked_select(inside).bincount({}, side * side);
  // A few crowded cells do not turn the others pale.
  const Tensor shade = count.to(at::kDouble);
  const Tensor full = shade.masked_select(shade.gt(0)).quantile(0.99).clamp_min(1);
  return (255 * (1 - (shade / full).clamp(0, 1).sqrt())).round().to(at::kByte).view({side, side});
}

}  // namespace couplet
