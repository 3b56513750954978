#include "transport/centred.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

namespace {

bool all_finite(const Tensor& x) { return at::isfinite(x.sum(at::kDouble)).item<bool>(); }

Tensor squared_norms(const Tensor& x) {
  return x.square().sum(at::IntArrayRef{1}, /*keepdim=*/false, at::kDouble);
}

Tensor centre_of(const Tensor& x) {
  return x.mean(at::IntArrayRef{0}, /*keepdim=*/false, at::kDouble);
}

}  // namespace

Centred centred(const Tensor& x, const Tensor& y) {
  require(x.dim() == 2 && y.dim() == 2 && x.size(1) == y.size(1),
          "transport is between points of shape (n, d) and (m, d), found ", x.sizes(), " and ",
          y.sizes());
  require(x.numel() > 0 && y.numel() > 0, "transport needs points on both sides, found ", x.sizes(),
          " and ", y.sizes());
  require(all_finite(x) && all_finite(y), "transport between points that are not all finite");
  const bool fine = x.scalar_type() == at::kDouble && y.scalar_type() == at::kDouble;
  const auto type = fine ? at::kDouble : at::kFloat;
  const Tensor centre = centre_of(y.detach()).to(type);
  const Tensor from = x.detach().to(type) - centre, to = y.detach().to(type) - centre;
  return {from, to, squared_norms(from), squared_norms(to)};
}

double mean_cost(const Centred& points) {
  const Tensor across = centre_of(points.x).dot(centre_of(points.y));
  return (points.alpha.mean() + points.beta.mean() - 2 * across).item<double>();
}

Tensor weights_of(const Tensor& given, const Tensor& points, const char* whose) {
  const int64_t n = points.size(0);
  if (!given.defined()) return at::full({n}, 1.0 / n, points.options().dtype(at::kDouble));
  require(given.sizes() == at::IntArrayRef({n}), "the weights of ", n, " points ", whose,
          " have shape ", given.sizes());
  const Tensor w = given.detach().to(points.device(), at::kDouble);
  require((w > 0).all().item<bool>() && all_finite(w), "the weights of points ", whose,
          " have to be above 0 and finite; leave out points without weight");
  return w / w.sum();
}

}  // namespace couplet
