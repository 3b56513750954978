#include "eval/gaussianity.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "base/error.h"
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

/// Energy distance to N(0, I), and the size it has for draws of N(0, I) themselves.
json energies(const Tensor& z, int64_t rows, const Random& random) {
  const Tensor some = spaced_rows(z, rows);
  double floor = 0;
  for (int64_t i = 0; i < floor_sets; ++i) {
    const Tensor row = row_range(i * some.size(0), (i + 1) * some.size(0), z.device());
    floor += std::pow(energy_to_normal(random.normal(row, z.sizes().slice(1))), 2);
  }
  return {{"energy", energy_to_normal(some)},
          {"energy_rows", some.size(0)},
          {"energy_floor", std::sqrt(floor / floor_sets)}};
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

}  // namespace

json gaussianity(const Tensor& z, const Tensor& label, int64_t classes, const Random& random) {
  const Tensor kept = finite_rows(z);
  require(kept.size(0) > 1, "a summary of codes needs two rows of finite numbers, found ",
          kept.size(0), " of ", z.size(0));
  const Tensor codes = z.detach().flatten(1).index_select(0, kept);
  json out = moments(codes);
  out["dims"] = codes.size(1);
  out["non_finite"] = z.size(0) - kept.size(0);
  out.update(energies(codes, energy_rows, random.stream("gaussianity")));
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
        energies(of_class, energy_rows / 2, random.stream(text("gaussianity of class ", c))));
    each.push_back(std::move(entry));
  }
  out["classes"] = std::move(each);
  return out;
}

json brief(json summary) {
  summary.erase("classes");
  return summary;
}

}  // namespace couplet
