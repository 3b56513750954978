// LFMD: Lagrangian flow map distillation.
#pragma once
#include "losses/distillation.h"

namespace couplet {

struct LagrangianOptions {
  bool stop_gradient = false;
  double lambda_initial = 0;
  std::string derivative = "forward";
  void describe(auto&& option) {
    option("stop_gradient", stop_gradient, "no gradient through the teacher's input");
    option("lambda_initial", lambda_initial, "weight of the teacher's velocity at s; 0: none");
    option("derivative", derivative,
           "by one pass forward, in which the threads of a CPU take turns, or two backward");
  }
};

/// |d/dt phi_{s,t}(x_s) - v(phi_{s,t}(x_s), t)|^2 (Boffi et al., arXiv 2406.07507), and
/// lambda_initial |u(x_s, s, s) - v(x_s, s)|^2, here v without gradients.
std::shared_ptr<DistillationLoss> make_lagrangian(const LagrangianOptions& options);

}  // namespace couplet
