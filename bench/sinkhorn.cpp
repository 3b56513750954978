// bench-sinkhorn THREADS: iterations of Sinkhorn between n noises and n points of 784 numbers,
// costs kept or recomputed; noises given to their points among 60,000, and the product in that
// alone.
#include <ATen/ATen.h>

#include "bench.h"
#include "transport/semidiscrete.h"
#include "transport/sinkhorn.h"

using namespace couplet;

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  at::set_num_threads(std::atoi(argv[1]));
  at::manual_seed(0);
  constexpr int64_t d = 784, N = 60000, batch = 512, plenty = int64_t{2} << 30;
  // Many iterations a call, so that the product at its beginning weighs little.
  const auto iterations = [](int64_t n, int64_t count, int64_t memory) {
    std::pair<Tensor, Tensor> points;
    return [=]() mutable {
      auto& [x, y] = points;
      if (!x.defined()) x = at::randn({n, d}), y = 0.5 * at::randn({n, d}) + 0.2;
      sinkhorn(x, y, {.tolerance = 0, .iterations = count, .memory = memory}, {}, {},
               at::zeros({n}));
      return count;
    };
  };
  Tensor y, g;
  const auto at_points = [&](const auto& work) {
    return [&y, &g, work] {
      if (!y.defined()) y = at::randn({N, d}), g = at::randn({N});
      work(at::randn({batch, d}), y, g);
      return batch;
    };
  };
  return bench::serve({
      {"gemm",
       at_points([](const Tensor& z, const Tensor& y, const Tensor&) { at::mm(z, y.t()); })},
      {"semidiscrete", at_points(assign_noise)},
      {"sinkhorn-2048", iterations(2048, 400, plenty)},
      {"sinkhorn-10000", iterations(10000, 100, plenty)},
      {"sinkhorn-tiled", iterations(2048, 10, 0)},
  });
}
