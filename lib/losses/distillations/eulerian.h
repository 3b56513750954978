// EMD: Eulerian map distillation.
#pragma once
#include "flow/jvp.h"
#include "losses/distillation.h"

namespace couplet {

struct EulerianOptions {
  bool stop_gradient = false;
  std::string derivative = "forward";
  void describe(auto&& option) {
    option("stop_gradient", stop_gradient,
           "no gradient through the derivative: MeanFlow's loss by the teacher's velocity");
    option("derivative", derivative,
           "by one pass forward, in which the threads of a CPU take turns, or two backward");
  }
};

/// |d/ds phi_{s,t}(x_s) + grad phi_{s,t}(x_s) v(x_s, s)|^2 (Boffi et al., arXiv 2406.07507): what
/// starts further along the teacher's path ends at the same point.
std::shared_ptr<DistillationLoss> make_eulerian(const EulerianOptions& options);

/// |u(x_s, s, t) - (w + (t - s) (d/ds + w grad) u(x_s, s, t))|^2, zero where u is the average
/// velocity of the flow of w: the teacher's, or else that of the pair's path. sg: the bracket is a
/// target, without gradients.
std::shared_ptr<DistillationLoss> eulerian(bool teacher, Derivative how, bool sg);

}  // namespace couplet
