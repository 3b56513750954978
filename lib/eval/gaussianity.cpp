#include "eval/gaussianity.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/finite.h"
#include "eval/energy.h"
#include "eval/frechet.h"
#include "eval/summary.h"

namespace couplet {

namespace {

constexpr int64_t batch = 4096, energy_rows = 2000, floor_sets = 8;

/// The median of the largest of n |draws| of N(0, 1): P(|z| < m)^n = 1/2.
double expected_maximum(double n) {
  const Tensor p =
      at::scalar_tensor(-std::expm1(-std::numbers::ln2 / n), at::kDouble);  // P(|z| > m)
  return -at::special_ndtri(p / 2).item<double>();
}

/// Mean over 64 directions of the squared 2-Wasserstein distance between z . u and N(0, 1).
double sliced_w2(const Tensor& z, const Random& random) {
  const Tensor u = random.stream("directions").normal(row_range(0, 64, z.device()), {z.size(1)});
  const Tensor along = z.matmul((u / u.norm(2, 1, /*keepdim=*/true)).t());
  const double n = static_cast<double>(z.size(0));
  const Tensor levels = (at::arange(z.size(0), z.options().dtype(at::kDouble)) + 0.5) / n;
  const Tensor found = std::get<0>(along.to(at::kDouble).sort(0));
  return (found - at::special_ndtri(levels).unsqueeze(1)).square().mean().item<double>();
}

/// Distances to N(0, I), and the size that they have for draws of N(0, I) themselves.
json distances(const Tensor& z, int64_t rows, const Random& random) {
  const Tensor some = spaced_rows(z, rows);
  double energy_floor = 0, sliced_floor = 0;
  for (int64_t i = 0; i < floor_sets; ++i) {
    const Tensor row = row_range(i * some.size(0), (i + 1) * some.size(0), z.device());
    const Tensor normal = random.normal(row, z.sizes().slice(1));
    energy_floor += std::pow(energy_to_normal(normal), 2) / floor_sets;
    sliced_floor += sliced_w2(normal, random) / floor_sets;
  }
  return {{"energy", energy_to_normal(some)},
          {"energy_rows", some.size(0)},
          {"energy_floor", std::sqrt(energy_floor)},
          {"sliced_w2", sliced_w2(some, random)},
          {"sliced_w2_floor", sliced_floor}};
}

/// The numbers of z below which a share Phi(u) of them lies, u = -4, -3.75, ..., 4: u where normal.
std::vector<double> quantiles(const Tensor& z) {
  const Tensor levels = at::special_ndtr(at::arange(-4, 4.01, 0.25, at::kDouble));
  const Tensor sorted = std::get<0>(spaced_rows(z.flatten(), 4'000'000).to(at::kCPU).sort());
  const Tensor place = (levels * static_cast<double>(sorted.size(0) - 1)).round().to(at::kLong);
  const Tensor found = sorted.index_select(0, place).to(at::kDouble);
  return {found.const_data_ptr<double>(), found.const_data_ptr<double>() + found.numel()};
}

/// z: (N, D), finite.
json moments(const Tensor& z) {
  Moments first;
  for (const Tensor& part : z.split(batch)) first.add(part);
  const Tensor mean = first.mean(), covariance = first.covariance();
  const double n = static_cast<double>(z.size(0)), d = static_cast<double>(z.size(1));
  Tensor m2 = at::zeros_like(mean), m4 = at::zeros_like(mean);
  for (const Tensor& part : z.split(batch)) {
    const Tensor squares = (part.to(at::kDouble) - mean).square();
    m2 += squares.sum(0) / n;
    m4 += squares.square().sum(0) / n;
  }
  const Tensor variances = covariance.diagonal();
  const Tensor off = covariance - variances.diag();
  json out = {{"rows", z.size(0)},
              {"mean", mean.mean().item<double>()},
              {"mean_norm", mean.norm().item<double>() / std::sqrt(d)},
              {"variance", variances.mean().item<double>()},
              {"variance_min", variances.min().item<double>()},
              {"variance_max", variances.max().item<double>()},
              {"kurtosis", (m4 / m2.square()).mean().item<double>() - 3},
              {"max_abs", z.abs().max().item<double>()},
              {"max_abs_expected", expected_maximum(n * d)}};
  if (d > 1) {
    out["off_diagonal"] = off.norm().item<double>() / std::sqrt(d * (d - 1));
    out["off_diagonal_floor"] = 1 / std::sqrt(n - 1);
  }
  return out;
}

/// The share of the numbers of z in [-5, -4.75), [-4.75, -4.5), ..., [4.75, 5); those beyond count
/// at the ends.
std::vector<double> shares_of_bins(const Tensor& z) {
  const Tensor bin = ((z.flatten() + 5) * 4).floor().clamp(0, 39).to(at::kLong);
  const Tensor share =
      bin.bincount({}, 40).to(at::kCPU, at::kDouble) / static_cast<double>(z.numel());
  return {share.const_data_ptr<double>(), share.const_data_ptr<double>() + share.numel()};
}

}  // namespace

json gaussianity(const Tensor& z, const Tensor& label, int64_t classes, const Random& random) {
  const Tensor kept = finite_rows(z).nonzero().view(-1);
  require(kept.size(0) > 1, "a summary of codes needs two rows of finite numbers, found ",
          kept.size(0), " of ", z.size(0));
  const Tensor codes = z.detach().flatten(1).index_select(0, kept);
  json out = moments(codes);
  out["dims"] = codes.size(1);
  out["non_finite"] = z.size(0) - kept.size(0);
  out.update(distances(codes, energy_rows, random.stream("gaussianity")));
  out["quantiles"] = quantiles(codes);
  out["histogram"] = shares_of_bins(codes);
  if (classes == 0) return out;

  const Tensor labels = label.index_select(0, kept);
  json each = json::array();
  for (int64_t c = 0; c < classes; ++c) {
    const Tensor rows = (labels == c).nonzero().view(-1);
    if (rows.size(0) < 2) continue;
    const Tensor of_class = codes.index_select(0, rows);
    const json all = moments(of_class);
    json entry = {{"label", c}};
    for (const char* name : {"rows", "mean_norm", "variance", "max_abs"}) entry[name] = all[name];
    entry.update(
        distances(of_class, energy_rows / 2, random.stream(text("gaussianity of class ", c))));
    each.push_back(std::move(entry));
  }
  out["classes"] = std::move(each);
  return out;
}

json brief(json summary) {
  summary.erase("classes");
  summary.erase("quantiles");
  summary.erase("histogram");
  return summary;
}

}  // namespace couplet
