// LFMD: Lagrangian flow map distillation.
#pragma once
#include "losses/distillation.h"

namespace couplet {

struct LagrangianOptions {
  bool stop_gradient = false;
  void describe(auto&& option) {
    option("stop_gradient", stop_gradient, "no gradient through the teacher's input");
  }
};
std::shared_ptr<DistillationLoss> make_lagrangian(const LagrangianOptions& options);

}  // namespace couplet
