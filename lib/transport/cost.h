// What it costs to move each point onto each other.
#pragma once
#include "base/types.h"

namespace couplet {

/// |x_i - y_j|^2 of the points x (n, *shape) and y (m, *shape): (n, m), of their float type, in
/// squared units of the points. Precise wherever the points lie: both are centred first. Error
/// where they are not finite, or a set is empty.
Tensor squared_distances(const Tensor& x, const Tensor& y);

}  // namespace couplet
