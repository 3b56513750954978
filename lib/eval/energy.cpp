#include "eval/energy.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace couplet {

namespace {

constexpr int64_t energy_block = 2048;

/// (N, D), in the type of the numbers given but at least float, about the centre: distances by
/// |a|^2 + |b|^2 - 2 a.b lose less near the origin.
Tensor points(const Tensor& x, const Tensor& centre) {
  const Tensor flat = x.detach().flatten(1);
  return (flat.is_floating_point() && flat.element_size() >= 4 ? flat : flat.to(at::kFloat)) -
         centre;
}

Tensor centre_of(const Tensor& x) { return x.detach().flatten(1).to(at::kFloat).mean(0); }

}  // namespace

double mean_distance(const Tensor& a, const Tensor& b) {
  require(a.size(0) > 0 && b.size(0) > 0, "distances need points on both sides, found ", a.size(0),
          " and ", b.size(0));
  require(a.sizes().slice(1) == b.sizes().slice(1), "points of shape ", a.sizes().slice(1),
          " against points of shape ", b.sizes().slice(1));
  const Tensor centre = centre_of(a), x = points(a, centre), y = points(b, centre.to(a.device()));
  Tensor sum = at::zeros({}, x.options().dtype(at::kDouble));
  for (const Tensor& rows : x.split(energy_block)) {
    for (const Tensor& columns : y.split(energy_block))
      sum += at::cdist(rows, columns).sum(at::kDouble);
  }
  return sum.item<double>() / (static_cast<double>(x.size(0)) * static_cast<double>(y.size(0)));
}

double mean_distance(const Tensor& a) {
  require(a.size(0) > 1, "distances within a set need two points, found ", a.size(0));
  const Tensor x = points(a, centre_of(a));
  const auto blocks = x.split(energy_block);
  Tensor sum = at::zeros({}, x.options().dtype(at::kDouble));
  for (size_t i = 0; i < blocks.size(); ++i) {
    // Each pair once: what lies above the diagonal (whose entries rounding makes not quite 0).
    sum += at::cdist(blocks[i], blocks[i]).triu(1).sum(at::kDouble);
    for (size_t j = i + 1; j < blocks.size(); ++j)
      sum += at::cdist(blocks[i], blocks[j]).sum(at::kDouble);
  }
  const double n = static_cast<double>(x.size(0));
  return 2 * sum.item<double>() / (n * (n - 1));
}

double energy_distance(const Tensor& a, const Tensor& b) {
  return 2 * mean_distance(a, b) - mean_distance(a) - mean_distance(b);
}

double energy_distance_biased(const Tensor& a, const Tensor& b) {
  const double n = static_cast<double>(a.size(0)), m = static_cast<double>(b.size(0));
  // A point's distance to itself counts as 0, so a set of one has none.
  const auto within = [](const Tensor& x, double size) {
    return size < 2 ? 0 : (size - 1) / size * mean_distance(x);
  };
  return 2 * mean_distance(a, b) - within(a, n) - within(b, m);
}

double energy_to_normal(const Tensor& z) {
  const Tensor lambda = z.detach().flatten(1).to(at::kDouble).square().sum(1, /*keepdim=*/true);
  const double d = static_cast<double>(z.numel() / z.size(0));
  // E|z - n| = E Q^(1/2), Q noncentral chi^2 with d degrees of freedom and lambda = |z|^2, as
  // (4 pi)^(-1/2) int_0^oo (1 - E exp(-s Q)) s^(-3/2) ds; with s = e^u the trapezoid rule is exact
  // to rounding, and E exp(-s Q) = (1 + 2 s)^(-d/2) exp(-lambda s / (1 + 2 s)).
  constexpr double step = 0.25, ends = 80;
  const Tensor u = at::arange(-ends, ends + step, step, lambda.options()), s = u.exp();
  const Tensor log_transform = -d / 2 * (2 * s).log1p() - lambda * (s / (1 + 2 * s));
  const Tensor to_normal = -(log_transform.expm1() * (-u / 2).exp()).sum(1) * step;
  const double across = to_normal.mean().item<double>() / std::sqrt(4 * std::numbers::pi);
  const double within = 2 * std::exp(std::lgamma((d + 1) / 2) - std::lgamma(d / 2));
  return 2 * across - mean_distance(z) - within;
}

}  // namespace couplet
