// bench-tarflow THREADS BATCH [WEIGHTS.h5]: training, encoding and decoding of a TarFlow 4-128-4-2
// on 1x28x28 of ten classes.
#include <ATen/ATen.h>

#include "base/threads.h"
#include "bench.h"
#include "flow/flows/tarflow.h"
#include "flow/parallel_decoding.h"
#include "io/checkpoint.h"
#include "losses/likelihood.h"
#include "nn/autocast.h"
#include "train/gradients.h"
#include "train/optimizer.h"

using namespace couplet;

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int64_t batch = std::atoi(argv[2]);
  at::set_num_threads(std::atoi(argv[1]));
  at::manual_seed(0);
  const Space space{{1, 28, 28}, 10};
  const auto flow = make_tarflow({.patch = 4, .channels = 128, .blocks = 4, .layers = 2}, space);
  if (argc > 3) {
    load_tensors(*flow,
                 weights_of(read_checkpoint(argv[3], {"normalizing-flow"}).blocks.back(), false));
  } else {
    const at::NoGradGuard without_grad;
    for (Tensor& weight : flow->parameters()) weight.add_(at::randn_like(weight), 0.01);
  }
  const TrainOptions options{.lr = 1e-4,
                             .schedule = "constant",
                             .beta2 = 0.95,
                             .weight_decay = 1e-4,
                             .clip = 0,
                             .ema = {}};
  Optimizer optimizer(*flow, options, {});
  const Tensor x = at::rand({batch, 1, 28, 28}) * 2 - 1, label = at::arange(batch).remainder(10);

  const Likelihood nll({.eta = 0.1, .label_drop = 0}, Dataset{}, Random(0));
  int64_t step = 0;

  const auto train = [&](bool bf16) {
    const SideBySide threads(shares(batch));
    const auto loss = [&](const Tensor& rows) {
      const Tensor at = rows.remainder(batch);
      return nll(*flow, {x.index_select(0, at), label.index_select(0, at)}, rows);
    };
    const Tensor rows = at::arange(step * batch, (step + 1) * batch);
    const auto found = differentiate(loss, rows, optimizer.weights(), threads, bf16);
    optimizer.step(step++, found.weights, threads);
    return batch;
  };
  const auto encode = [&](bool bf16) {
    over_shares(batch, at::kCPU, [&](int64_t begin, int64_t count) {
      const at::NoGradGuard without_grad;
      const Autocast autocast(bf16, at::kCPU);
      flow->encode(x.narrow(0, begin, count), label.narrow(0, begin, count));
    });
    return batch;
  };
  const auto decode = [&](const Decoding& how) {
    flow->decode(at::randn_like(x), label, how);
    return batch;
  };
  std::map<bool, Decoding> plans;  // found by the first call, which is not timed
  const auto by_plan = [&](bool always) {
    if (!plans.contains(always)) {
      auto plan = plan_decoding(*flow, at::randn_like(x), label, {}, 1e-3, always);
      std::cerr << (always ? "jacobi " : "auto ") << plan.report << std::endl;
      plans[always] = std::move(plan.how);
    }
    return decode(plans.at(always));
  };
  return bench::serve({
      {"decode", [&] { return decode({}); }},
      {"decode-auto", [&] { return by_plan(false); }},
      {"decode-jacobi", [&] { return by_plan(true); }},
      {"decode-guided", [&] { return decode({.guidance = 1, .temperature = 1.2}); }},
      {"encode", [&] { return encode(false); }},
      {"encode-bf16", [&] { return encode(true); }},
      {"train", [&] { return train(false); }},
      {"train-bf16", [&] { return train(true); }},
  });
}
