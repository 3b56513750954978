#include "flow/parallel_decoding.h"

#include <ATen/ATen.h>

#include <chrono>
#include <limits>

namespace couplet {

namespace {

constexpr int64_t few_rows = 8;

/// One block's decoding, timed: reading a number off the result waits for the device.
struct Timed {
  Tensor x;
  double seconds;
  int64_t sweeps = 0;
};
Timed timed(FlowBlock& block, const Tensor& z, const Tensor& label, const Decoding& how,
            int64_t window) {
  const auto begin = std::chrono::steady_clock::now();
  Timed result{.x = {}, .seconds = 0};
  result.x = block.decode(z, label, how, window, &result.sweeps);
  result.x.flatten()[0].item<double>();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

/// The seconds that a block will take by windows: sweeps as a few rows need them, each as long as
/// one over all rows takes, and shorter by the tokens that the sweeps before it made exact.
double expected_seconds(FlowBlock& block, const Tensor& z, const Tensor& label, Decoding how,
                        int64_t window) {
  const int64_t rows = std::min(few_rows, z.size(0));
  const int64_t all =
      timed(block, z.narrow(0, 0, rows), label.narrow(0, 0, rows), how, window).sweeps;
  how.tolerance = std::numeric_limits<double>::infinity();  // one sweep each window
  const Timed once = timed(block, z, label, how, window);
  const double sweeps = static_cast<double>(all) / static_cast<double>(once.sweeps);
  return once.seconds * sweeps * (1 - (sweeps - 1) / (2 * static_cast<double>(window)));
}

double distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace

void require_steps(const NormalizingFlow& flow) {
  const auto blocks = flow.blocks();
  const bool some = std::any_of(blocks.begin(), blocks.end(),
                                [](const auto& block) { return block->steps() > 1; });
  require_option(some, "option 'decode' has no effect on this flow: it decodes all at once");
}

DecodingPlan plan_decoding(NormalizingFlow& flow, const Tensor& z, const Tensor& label,
                           const Decoding& how, bool always) {
  const at::NoGradGuard no_grad;
  const auto blocks = flow.blocks();
  require_steps(flow);
  DecodingPlan plan{.how = how, .report = json::object()};
  plan.how.windows.assign(blocks.size(), 1);
  plan.how.tolerance = how.tolerance / 8;
  double sequential = 0, expected = 0;
  Tensor x = flow.arranged(z);
  for (size_t i = blocks.size(); i-- > 0;) {
    FlowBlock& block = *blocks[i];
    const Timed plain = timed(block, x, label, how, 1);
    double best = always ? std::numeric_limits<double>::infinity() : 0.9 * plain.seconds;
    double chosen = plain.seconds;
    for (int64_t parts = 1; parts <= 8 && block.steps() / parts >= 4; parts *= 2) {
      const int64_t window = (block.steps() + parts - 1) / parts;
      const double seconds = expected_seconds(block, x, label, plan.how, window);
      if (seconds >= best) continue;
      plan.how.windows[i] = window;
      best = chosen = seconds;
    }
    sequential += plain.seconds, expected += chosen;
    x = plain.x;
  }
  plan.report = {{"windows", plan.how.windows},
                 {"tolerance", how.tolerance},
                 {"speed", sequential / expected}};
  if (std::all_of(plan.how.windows.begin(), plan.how.windows.end(),
                  [](auto w) { return w == 1; })) {
    return plan;
  }

  const Tensor exact = flow.decode(z, label, how);
  double error = distance(flow.decode(z, label, plan.how), exact);
  while (error > how.tolerance / 2 && plan.how.tolerance > how.tolerance / 1e4) {
    plan.how.tolerance /= 8;
    error = distance(flow.decode(z, label, plan.how), exact);
  }
  std::vector<int64_t> sweeps(blocks.size(), 0);
  x = flow.arranged(z);
  for (size_t i = blocks.size(); i-- > 0;) {
    x = blocks[i]->decode(x, label, plan.how, plan.how.windows[i], &sweeps[i]);
  }
  plan.report["sweeps"] = sweeps;
  plan.report["error"] = error;
  return plan;
}

}  // namespace couplet
