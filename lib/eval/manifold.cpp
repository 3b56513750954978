#include "eval/manifold.h"

#include <ATen/ATen.h>

#include "eval/neighbours.h"

namespace couplet {

Manifold manifold(const Tensor& samples, const Tensor& data, int64_t k) {
  const Tensor r2 = nearest_others(data, k), own = nearest_others(samples, k);
  const Tensor zero = at::zeros({}, r2.options());
  Tensor inside = zero, balls = zero;
  Tensor recalled = at::zeros_like(r2, at::kBool), covered = recalled;
  for_squared_distances(samples, data, [&](int64_t first, const Tensor& d) {
    const Tensor strictly = d.lt(r2);
    inside = inside + d.le(r2).any(1).sum();
    balls = balls + strictly.sum();
    covered = covered.logical_or(strictly.any(0));
    recalled =
        recalled.logical_or(d.le(own.slice(0, first, first + d.size(0)).unsqueeze(1)).any(0));
  });
  const auto n = static_cast<double>(samples.size(0));
  const auto share = [](const Tensor& of) { return of.to(at::kDouble).mean().item<double>(); };
  return {inside.item<double>() / n, share(recalled),
          balls.item<double>() / (n * static_cast<double>(k)), share(covered)};
}

}  // namespace couplet
