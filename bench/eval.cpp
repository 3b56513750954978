// bench-eval THREADS FOLDER: Fréchet distances of 2048 features between the moments in a.npz and
// b.npz, and features of 16 images of 3x32x32 by the FID's Inception with weights.pth.
#include <ATen/ATen.h>

#include "bench.h"
#include "eval/features.h"
#include "eval/frechet.h"
#include "formats/npz.h"

using namespace couplet;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  at::set_num_threads(std::stoi(argv[1]));
  const std::string folder = argv[2];
  const auto moments = [&](const char* name) {
    const Tensors arrays = read_npz(folder + name);
    return Moments::of(arrays.at("mu"), arrays.at("sigma"), 10000);
  };
  const Moments a = moments("/a.npz"), b = moments("/b.npz");
  const auto net = extractors_of(folder + "/weights.pth", {}, at::kCPU).at("inception");
  const Tensor x = at::randint(256, {16, 3, 32, 32}).to(at::kFloat) / 127.5 - 1;
  const bench::Workload frechet = [&] {
    frechet_distance(a, b);
    return 1;
  };
  return bench::serve({{"frechet", frechet},
                       {"frechet-pytorch-fid", frechet},
                       {"inception", [&] { return (*net)(x).features.size(0); }}});
}
