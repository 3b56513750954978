// Shortcut models: a step as two half steps.
#pragma once
#include "losses/distillation.h"

namespace couplet {

struct ShortcutOptions {
  std::string velocity = "teacher";
  int64_t steps = 128;
  double share = 0.125, target_ema = 0.99;
  void describe(auto&& option) {
    option("velocity", velocity,
           "at x_s: the teacher's, or that of the pairs' own paths, which needs no teacher");
    option("steps", steps, "of the finest grid, a power of two");
    option("share", share, "of the rows that learn a step, not the velocity");
    option("target_ema", target_ema, "decay of the target network, from the first step on");
  }
};

/// With a probability `share` |u(x_s, s, s + 2d) - sg (u'(x_s, s, s + d) + u'(x', s + d, s + 2d)) /
/// 2|^2 with x' = x_s + d u'(x_s, s, s + d), where u' is the target network's, 2d = 1, 1/2, …
/// 2/steps with equal chances and s on the grid of 2d; else |u(x_s, s, s) - w|^2, w the velocity
/// (Frans et al., arXiv 2410.12557). Half steps of 1/steps are taken with the velocity at their
/// start, as there.
std::shared_ptr<DistillationLoss> make_shortcut(const ShortcutOptions& options);

}  // namespace couplet
