#include "eval/curvature.h"

#include <ATen/ATen.h>

namespace couplet {

Tensor straightness(const Velocity& v, const Tensor& x0, int64_t steps) {
  const double dt = 1.0 / static_cast<double>(steps);
  Tensor x = x0, mean = at::zeros_like(x0), squares = at::zeros_like(x0);
  for (int64_t k = 0; k < steps; ++k) {
    const Tensor v_k = v(x, at::full({x0.size(0)}, static_cast<double>(k) * dt, x0.options()));
    x = x + dt * v_k;
    // x1 - x0 is the mean velocity, so this is a variance over the steps (Welford's running form).
    const Tensor before = v_k - mean;
    mean = mean + before / static_cast<double>(k + 1);
    squares = squares + before * (v_k - mean);
  }
  return (squares * dt).flatten(1).sum(1);
}

Tensor curvature(const Velocity& v, const Tensor& x0, int64_t steps) {
  return straightness(v, x0, steps) / static_cast<double>(x0[0].numel());
}

}  // namespace couplet
