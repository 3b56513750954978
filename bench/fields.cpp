// bench-fields THREADS BATCH: training and sampling of velocity fields of ten classes, in fp32 or
// bf16: torchcfm's U-Net with 64 channels on 1x28x28 and on 3x32x32, and DiT-S/4 on 3x32x32.
#include <ATen/ATen.h>

#include "base/threads.h"
#include "bench.h"
#include "losses/flow_matching.h"
#include "nn/autocast.h"
#include "train/gradients.h"
#include "train/optimizer.h"

using namespace couplet;

namespace {

struct Net {
  Space space;
  json options;
};
const std::map<std::string, Net> nets = {
    {"dit", {{{3, 32, 32}, 10}, {{"type", "dit"}, {"patch", 4}}}},
    {"unet28",
     {{{1, 28, 28}, 10}, {{"type", "unet"}, {"channels", 64}, {"res_blocks", 1}, {"heads", 1}}}},
    {"unet32",
     {{{3, 32, 32}, 10},
      {{"type", "unet"}, {"channels", 64}, {"channel_mult", {1, 2, 2, 2}}, {"heads", 1}}}},
};

/// A field under training: a step is loss, gradients, clipping, AdamW and a moving average.
struct Student {
  Space space;
  Tensor x, label;
  VelocityField v;
  Optimizer optimizer;
  FlowMatching loss{{}, Random(0)};
  int64_t step = 0;

  Student(const Net& net, int64_t batch)
      : space(net.space),
        x(at::rand(batch_of(batch, space.shape)) * 2 - 1),
        label(at::arange(batch).remainder(10)),
        v{backbones().make(net.options, space, 1)},
        optimizer(*v.net, {.lr = 1e-4, .schedule = "constant", .ema = {0.9999}}, {}) {
    const at::NoGradGuard no_grad;
    for (Tensor& weight : v.net->parameters()) weight.add_(at::randn_like(weight), 0.01);
  }

  int64_t train(bool bf16) {
    const int64_t batch = x.size(0);
    const SideBySide threads(shares(batch));
    const auto of_rows = [&](const Tensor& rows) {
      const Tensor at = rows.remainder(batch), x0 = Random(1).normal(rows, space.shape);
      return loss(v, {x0, x.index_select(0, at), label.index_select(0, at)}, rows);
    };
    const Tensor rows = at::arange(step * batch, (step + 1) * batch);
    const auto found = differentiate(of_rows, rows, optimizer.weights(), threads, bf16);
    optimizer.step(step++, found.weights, threads);
    return batch;
  }

  /// Eight Euler steps.
  int64_t sample(bool bf16) {
    const Tensor x0 = at::randn(batch_of(label.size(0), space.shape));
    over_shares(x0.size(0), at::kCPU, [&](int64_t begin, int64_t count) {
      const at::NoGradGuard no_grad;
      const Autocast precision(bf16, at::kCPU);
      Tensor x = x0.narrow(0, begin, count);
      for (int k = 0; k < 8; ++k) {
        const Tensor t = at::full({count}, k / 8.);
        x = x + v(x, t, label.narrow(0, begin, count)) / 8;
      }
    });
    return label.size(0);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int64_t batch = std::atoi(argv[2]);
  at::set_num_threads(std::atoi(argv[1]));
  at::manual_seed(0);
  std::map<std::string, std::unique_ptr<Student>> students;
  const auto student = [&](const std::string& name) -> Student& {
    auto& one = students[name];  // only those that are asked for take memory
    if (!one) one = std::make_unique<Student>(nets.at(name), batch);
    return *one;
  };
  // The peer has two kinds of attention; ours is always fused.
  std::map<std::string, bench::Workload> work;
  for (const auto& [name, net] : nets) {
    for (const std::string kind : {"", "-fused"}) {
      for (const bool bf16 : {false, true}) {
        const std::string way = kind + (bf16 ? "-bf16" : "");
        work[name + "-train" + way] = [&, name = name, bf16] { return student(name).train(bf16); };
        work[name + "-sample" + way] = [&, name = name, bf16] {
          return student(name).sample(bf16);
        };
      }
    }
  }
  return bench::serve(work);
}
