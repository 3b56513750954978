#include "eval/kernel_distance.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace couplet {

namespace {

constexpr int64_t kernel_block = 2048;

Tensor kernel(const Tensor& x, const Tensor& y) {
  return (x.mm(y.t()) / static_cast<double>(x.size(1)) + 1).pow(3);
}

Tensor sum_of_pairs(const Tensor& x, const Tensor& y) {
  Tensor sum = at::zeros({}, x.options());
  for (const Tensor& rows : x.split(kernel_block)) {
    for (const Tensor& columns : y.split(kernel_block)) sum += kernel(rows, columns).sum();
  }
  return sum;
}

/// Of pairs of different rows.
double mean_within(const Tensor& x) {
  const Tensor own = (x.square().sum(1) / static_cast<double>(x.size(1)) + 1).pow(3).sum();
  const auto n = static_cast<double>(x.size(0));
  return (sum_of_pairs(x, x) - own).item<double>() / (n * (n - 1));
}

}  // namespace

double kernel_distance(const Tensor& x, const Tensor& y) {
  require(x.size(0) > 1 && y.size(0) > 1, "a kernel distance needs two rows of each, found ",
          x.size(0), " and ", y.size(0));
  const Tensor a = x.to(at::kDouble), b = y.to(at::kDouble);
  const double pairs = static_cast<double>(a.size(0)) * static_cast<double>(b.size(0));
  return mean_within(a) + mean_within(b) - 2 * sum_of_pairs(a, b).item<double>() / pairs;
}

Spread spread_of(const std::vector<double>& values) {
  const Tensor all = at::tensor(values, at::kDouble);
  return {all.mean().item<double>(), all.std(/*unbiased=*/false).item<double>()};
}

Spread kernel_distance_of_subsets(const Tensor& x, const Tensor& y, int64_t subsets, int64_t size,
                                  const Random& random) {
  require(size <= x.size(0) && size <= y.size(0), "subsets of ", size, " rows out of ", x.size(0),
          " and ", y.size(0));
  const auto subset = [&](const Tensor& all, const char* of, int64_t i) {
    const Tensor key = random.stream(text(of, " ", i)).uniform(row_range(0, all.size(0)), {});
    return all.index_select(0, key.argsort().slice(0, 0, size).to(all.device()));
  };
  std::vector<double> found;
  for (int64_t i = 0; i < subsets; ++i) {
    found.push_back(kernel_distance(subset(x, "samples", i), subset(y, "data", i)));
  }
  return spread_of(found);
}

}  // namespace couplet
