#include "flow/parallel_decoding.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace couplet {

namespace {

constexpr int64_t few_rows = 8;

/// One block's decoding, timed: reading a number off the result waits for the device. Of few rows
/// the faster of two runs.
struct Timed {
  Tensor x;
  double seconds = std::numeric_limits<double>::infinity();
  int64_t sweeps = 0;
};
Timed timed(FlowBlock& block, const Tensor& z, const Tensor& label, const Decoding& how,
            int64_t window) {
  Timed result;
  for (int64_t run = z.size(0) > few_rows ? 1 : 0; run < 2; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    result.sweeps = 0;
    result.x = block.decode(z, label, how, window, &result.sweeps);
    result.x.flatten()[0].item<double>();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    result.seconds = std::min(result.seconds, seconds.count());
  }
  return result;
}

/// The seconds that a block will take by windows: sweeps as a few rows need them, each as long as
/// one over all rows takes. (Later sweeps of a window are shorter, by the tokens that are exact.)
double expected_seconds(FlowBlock& block, const Tensor& z, const Tensor& label, Decoding how,
                        int64_t window) {
  const int64_t rows = std::min(few_rows, z.size(0));
  const Timed few = timed(block, z.narrow(0, 0, rows), label.narrow(0, 0, rows), how, window);
  if (rows == z.size(0)) return few.seconds;
  how.tolerance = std::numeric_limits<double>::infinity();  // one sweep each window
  const Timed once = timed(block, z, label, how, window);
  return once.seconds * static_cast<double>(few.sweeps) / static_cast<double>(once.sweeps);
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
                           const Decoding& how, double tolerance, bool always) {
  const at::NoGradGuard no_grad;
  const auto blocks = flow.blocks();
  require_steps(flow);
  DecodingPlan plan{.how = how, .report = json::object()};
  plan.how.windows.assign(blocks.size(), 1);
  plan.how.tolerance = tolerance;
  const Tensor start = flow.arranged_noise(z);
  double sequential = 0;
  Tensor exact = start;
  for (size_t i = blocks.size(); i-- > 0;) {
    FlowBlock& block = *blocks[i];
    timed(block, exact.narrow(0, 0, 1), label.narrow(0, 0, 1), how, 1);  // warm
    const Timed plain = timed(block, exact, label, how, 1);
    double best = always ? std::numeric_limits<double>::infinity() : 0.9 * plain.seconds;
    for (int64_t parts = 1; parts <= 8 && block.steps() / parts >= 2; parts *= 2) {
      const int64_t window = (block.steps() + parts - 1) / parts;
      const double seconds = expected_seconds(block, exact, label, plan.how, window);
      if (seconds < best) best = seconds, plan.how.windows[i] = window;
    }
    sequential += plain.seconds;
    exact = plain.x;
  }

  const std::vector<int64_t> by_token(blocks.size(), 1);
  std::vector<int64_t> sweeps(blocks.size());
  double seconds = sequential, error = 0;
  const auto attempt = [&] {
    Tensor x = start;
    seconds = 0;
    for (size_t i = blocks.size(); i-- > 0;) {
      const Timed t = timed(*blocks[i], x, label, plan.how, plan.how.windows[i]);
      x = t.x, sweeps[i] = t.sweeps, seconds += t.seconds;
    }
    error = distance(x, exact);
    return error <= tolerance / 2;  // not for nan
  };
  if (plan.how.windows != by_token) {
    bool kept = attempt();
    while (!kept && plan.how.tolerance > tolerance / 1e4) {
      plan.how.tolerance /= 8;
      kept = attempt();
    }
    if (!kept || (!always && seconds > 0.95 * sequential)) plan.how.windows = by_token;
  }
  plan.report = {{"windows", plan.how.windows}, {"tolerance", tolerance}};
  if (plan.how.windows == by_token) return plan;
  plan.report["sweeps"] = sweeps, plan.report["error"] = error;
  plan.report["sweep_tolerance"] = plan.how.tolerance;
  plan.report["speed"] = sequential / seconds;
  return plan;
}

}  // namespace couplet
