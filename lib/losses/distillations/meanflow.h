// MeanFlow: the average velocity by its own derivative.
#pragma once
#include "losses/distillation.h"

namespace couplet {

struct MeanFlowOptions {
  std::string velocity = "teacher", derivative = "forward";
  void describe(auto&& option) {
    option("velocity", velocity,
           "at x_s: the teacher's, or that of the pairs' own paths, which needs no teacher");
    option("derivative", derivative,
           "by one pass forward, in which the threads of a CPU take turns, or two backward");
  }
};

/// |u(x_s, s, t) - sg (w + (t - s) (d/ds + w grad) u(x_s, s, t))|^2 (Geng et al., arXiv 2505.13447,
/// on our clock), w the velocity of the teacher or of the pair's path: the Eulerian loss, stopped.
/// As published for ImageNet: velocity pairs, distil.diagonal 0.75, distil.adaptive 1,
/// distil.adaptive_floor 0.01, distil.times logit-normal with the mean 0.4 (-0.4 on its clock).
std::shared_ptr<DistillationLoss> make_meanflow(const MeanFlowOptions& options);

}  // namespace couplet
