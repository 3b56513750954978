#include "flow/path.h"

#include <ATen/ATen.h>

namespace couplet {

Tensor points_on_the_way(const Tensor& x0, int64_t steps,
                         const std::function<void(const Share& share, const Visit& visit)>& go) {
  const at::NoGradGuard no_grad;
  std::vector<int64_t> sizes = x0.sizes().vec();
  sizes.insert(sizes.begin() + 1, steps + 1);
  const Tensor points = at::empty(sizes, x0.options());
  over_shares(x0.size(0), x0.device(), [&](int64_t begin, int64_t count) {
    const Share share{begin, count};
    int64_t k = 0;
    const Visit visit = [&](const Tensor& x) { share.of(points).select(1, k++).copy_(x); };
    visit(share.of(x0));
    go(share, visit);
    TORCH_INTERNAL_ASSERT(k == steps + 1);
  });
  return points;
}

std::vector<double> times_of_chain(const std::vector<double>& times, size_t blocks) {
  std::vector<double> all = {times.front()};
  for (size_t n = 0; n < blocks; ++n) {
    for (size_t k = 1; k < times.size(); ++k) {
      all.push_back((static_cast<double>(n) + times[k]) / static_cast<double>(blocks));
    }
  }
  return all;
}

}  // namespace couplet
