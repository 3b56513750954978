// ITVM: separate matching of initial and terminal velocities.
#pragma once
#include "losses/distillation.h"

namespace couplet {

struct ItvmOptions {
  double tau = 0.05, lambda_initial = 1, lambda_terminal = 1;
  void describe(auto&& option) {
    option("tau", tau, "length of the last sub-step, at most half of [s, t]");
    option("lambda_initial", lambda_initial, "weight of the teacher's velocity at s");
    option("lambda_terminal", lambda_terminal, "weight of the average velocity before t");
  }
};
std::shared_ptr<DistillationLoss> make_itvm(const ItvmOptions& options);

}  // namespace couplet
