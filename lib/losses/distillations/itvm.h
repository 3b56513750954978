// ITVM: separate matching of initial and terminal velocities.
#pragma once
#include "losses/distillation.h"

namespace couplet {

struct ItvmOptions {
  std::string form = "a", between = "t-tau";
  double tau = 0.05, lambda_initial = 1, lambda_terminal = 1, target_ema = 0.99;
  void describe(auto&& option) {
    option("form", form,
           "a: the slope from r to t, with gradients at both; b: the way from s to t as the "
           "target network goes it over r");
    option("between", between, "r, between s and t: t-tau, s+tau, uniform or midpoint");
    option("tau", tau, "length of the sub-step at t or at s, at most half of [s, t]");
    option("lambda_initial", lambda_initial, "weight of the teacher's velocity at s");
    option("lambda_terminal", lambda_terminal, "weight of the average velocity before t");
    option("target_ema", target_ema, "decay of the target network, from the first step on");
  }
};

/// lambda_initial |u(x_s, s, s) - v(x_s, s)|^2 + lambda_terminal times, with
/// phi(r) = x_s + (r - s) u(x_s, s, r):
///   form a: |(phi(t) - phi(r)) / (t - r) - sg u'(sg phi(r), r, t)|^2
///   form b: |u(x_s, s, t) - sg ((r - s) u'(x_s, s, r) + (t - r) u'(phi'(r), r, t)) / (t - s)|^2
/// where u' is the target network's. An ITVM-style loss, reconstructed from the abstract of arXiv
/// 2505.01169, which leaves form, r and weights open.
std::shared_ptr<DistillationLoss> make_itvm(const ItvmOptions& options);

}  // namespace couplet
