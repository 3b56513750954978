#include "eval/neighbours.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace couplet {

void for_squared_distances(const Tensor& x, const Tensor& y,
                           const std::function<void(int64_t first, const Tensor& d)>& f) {
  require(x.dim() == 2 && y.dim() == 2 && x.size(1) == y.size(1), "features of sizes ", x.sizes(),
          " against features of sizes ", y.sizes());
  const Tensor all = y.to(at::kDouble), norms = all.square().sum(1);
  const int64_t rows = std::max<int64_t>(1, (1 << 24) / y.size(0));  // 128 MB of distances
  for (int64_t first = 0; first < x.size(0); first += rows) {
    const Tensor some = x.slice(0, first, first + rows).to(at::kDouble);
    const Tensor apart = some.square().sum(1, /*keepdim=*/true) + norms;
    f(first, apart.addmm(some, all.t(), 1, -2).clamp_min_(0));
  }
}

Tensor nearest(const Tensor& x, const Tensor& y) {
  std::vector<Tensor> found;
  for_squared_distances(x, y, [&](int64_t, const Tensor& d) { found.push_back(d.amin(1)); });
  return at::cat(found);
}

Tensor nearest_others(const Tensor& x, int64_t k) {
  require(x.size(0) > k, "a neighbour number ", k, " needs more rows than ", x.size(0));
  std::vector<Tensor> found;
  for_squared_distances(x, x, [&](int64_t first, Tensor d) {
    d.diagonal(first).fill_(INFINITY);  // a row is no neighbour of its own
    found.push_back(std::get<0>(d.kthvalue(k, 1)));
  });
  return at::cat(found);
}

}  // namespace couplet
