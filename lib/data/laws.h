// Laws on the plane, drawn by row.
#pragma once
#include "base/random.h"

namespace couplet {

struct Law {
  std::string name, help;
  /// Row i of the stream is point i: rows (N) int64 -> (N, 2) float, on the device of rows.
  Tensor (*draw)(const Random& random, const Tensor& rows);
};
const std::vector<Law>& laws();
/// Errors: BadOption with the nearest name.
const Law& law(const std::string& name);

/// Points of a picture on [-4, 4] x [-4, 4]: a pixel is drawn by its darkness (the brightest of all
/// has none), then N(0, (4/W)^2), N(0, (4/H)^2) is added to its centre. The picture stands upright,
/// y up. image: (H, W) or (H, W, 3) uint8. Errors: a picture of one brightness. As in the released
/// code of local flow matching (arXiv 2410.02548).
Tensor draw_density(const Tensor& image, const Random& random, const Tensor& rows);

}  // namespace couplet
