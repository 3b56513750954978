// bench-tarflow THREADS: training, encoding and decoding of a TarFlow 4-128-4-2 on 1x28x28,
// batch 64.
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include "bench.h"
#include "flow/flows/tarflow.h"

using namespace couplet;

namespace {

constexpr int64_t batch = 64;

struct Autocast {
  explicit Autocast(bool on) : on(on) {
    if (!on) return;
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, true);
  }
  ~Autocast() {
    if (!on) return;
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  bool on;
};

/// AdamW over all parameters in one call.
struct Optimizer {
  explicit Optimizer(const torch::nn::Module& net) : weights(net.parameters()) {
    for (const Tensor& weight : weights) {
      first.push_back(at::zeros_like(weight));
      second.push_back(at::zeros_like(weight));
      steps.push_back(at::zeros({}));
    }
  }
  void step() {
    std::vector<Tensor> gradients;
    for (Tensor& weight : weights) gradients.push_back(weight.grad());
    const at::NoGradGuard without_grad;
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(weights, gradients, first, second, {}, steps, /*lr=*/1e-4, /*beta1=*/0.9,
                      /*beta2=*/0.95, /*weight_decay=*/1e-4, /*eps=*/1e-8, /*amsgrad=*/false,
                      /*maximize=*/false);
    for (Tensor& weight : weights) weight.mutable_grad().reset();
  }
  std::vector<Tensor> weights, first, second, steps;
};

}  // namespace

int main(int argc, char** argv) {
  at::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  at::manual_seed(0);
  const Space space{{1, 28, 28}, 0};
  const auto flow = make_tarflow({.patch = 4, .channels = 128, .blocks = 4, .layers = 2}, space);
  {
    const at::NoGradGuard without_grad;
    for (Tensor& weight : flow->parameters()) weight.add_(at::randn_like(weight), 0.01);
  }
  Optimizer optimizer(*flow);
  const Tensor x = at::rand({batch, 1, 28, 28}) * 2 - 1, label = at::full({batch}, -1, at::kLong);

  const auto train = [&](bool bf16) {
    const Autocast autocast(bf16);
    const Tensor noisy = x + 0.1 * at::randn_like(x);
    const auto [z, logdet] = flow->encode(noisy, label);
    const Tensor loss = 0.5 * z.square().mean() - logdet.mean() / x[0].numel();
    loss.backward();
    optimizer.step();
    return batch;
  };
  const auto encode = [&](bool bf16) {
    const at::NoGradGuard without_grad;
    const Autocast autocast(bf16);
    flow->encode(x, label);
    return batch;
  };
  const auto decode = [&](const Decoding& how) {
    flow->decode(at::randn_like(x), label, how);
    return batch;
  };
  return bench::serve({
      {"decode", [&] { return decode({}); }},
      {"decode-guided", [&] { return decode({.guidance = 1, .temperature = 1.2}); }},
      {"encode", [&] { return encode(false); }},
      {"encode-bf16", [&] { return encode(true); }},
      {"train", [&] { return train(false); }},
      {"train-bf16", [&] { return train(true); }},
  });
}
