// The ways from noise to data with all their points.
#pragma once
#include <functional>

#include "base/threads.h"

namespace couplet {

/// Is told the points of a way one after the other, after each step: x (N, *shape).
using Visit = std::function<void(const Tensor& x)>;

/// All points of the ways of a batch, each share of which `go` takes: x0 (N, *shape) and what is
/// visited in as many steps, (N, steps + 1, *shape); without gradients.
Tensor points_on_the_way(const Tensor& x0, int64_t steps,
                         const std::function<void(const Share& share, const Visit& visit)>& go);

/// The times of a chain whose blocks have the same times from 0 to 1, one after the other, each on
/// an equal part of [0, 1].
std::vector<double> times_of_chain(const std::vector<double>& times, size_t blocks);

}  // namespace couplet
