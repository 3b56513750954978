#include "eval/sliced.h"

#include <ATen/ATen.h>

namespace couplet {

namespace {

/// Where the quantile function of n equal masses jumps.
Tensor jumps(int64_t n, const Tensor& like) {
  return at::arange(1, n + 1, like.options()) / static_cast<double>(n);
}

}  // namespace

Tensor w2_squared(const Tensor& x, const Tensor& y) {
  const Tensor a = std::get<0>(x.to(at::kDouble).sort(0)),
               b = std::get<0>(y.to(at::kDouble).sort(0));
  if (a.size(0) == b.size(0)) return (a - b).square().mean(0);
  // Between two jumps of either both quantile functions are constant.
  const Tensor p = jumps(a.size(0), a), q = jumps(b.size(0), b);
  const Tensor ends = std::get<0>(at::cat({p, q}).sort());
  const Tensor begins = at::cat({at::zeros({1}, ends.options()), ends.slice(0, 0, -1)});
  const Tensor middle = (begins + ends) / 2;
  const auto at = [&](const Tensor& sorted, const Tensor& jumps) {
    const Tensor place = at::searchsorted(jumps, middle).clamp_max(sorted.size(0) - 1);
    return sorted.index_select(0, place);
  };
  return ((at(a, p) - at(b, q)).square() * (ends - begins).unsqueeze(1)).sum(0);
}

double sliced_w2_squared(const Tensor& x, const Tensor& y, const Tensor& u) {
  const auto along = [&](const Tensor& z) {
    return z.to(at::kDouble).mm(u.to(z.device(), at::kDouble));
  };
  return w2_squared(along(x), along(y)).mean().item<double>();
}

Tensor directions(int64_t dims, int64_t count, const Random& random) {
  const Tensor u = random.normal(row_range(0, count), {dims}).to(at::kDouble);
  return (u / u.norm(2, 1, /*keepdim=*/true)).t();
}

}  // namespace couplet
