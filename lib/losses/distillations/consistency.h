// Consistency models: every point of a path ends where the next one does.
#pragma once
#include "losses/distillation.h"

namespace couplet {

struct ConsistencyOptions {
  std::string velocity = "teacher";
  int64_t steps = 100;
  double target_ema = 0.9;
  void describe(auto&& option) {
    option("velocity", velocity,
           "to the next point: Heun's step with the teacher, or the pairs' own path, which needs "
           "no teacher");
    option("steps", steps, "of length 1 / steps from a point to the next");
    option("target_ema", target_ema,
           "decay of the target network; what is known at t = 1 comes back to 0 by as many of its "
           "lags as there are steps");
  }
};

/// steps^2 |phi_{s,1}(x_s) - sg phi'_{s+1/steps,1}(x')|^2, phi' the target network's, x' the next
/// point: Heun's step of the teacher (consistency distillation, Song et al., arXiv 2303.01469) or
/// the point of the pair's path (consistency training). Only jumps to t = 1 are learned.
std::shared_ptr<DistillationLoss> make_consistency(const ConsistencyOptions& options);

}  // namespace couplet
