// Flow maps: where a flow carries a point from one time to another, in one evaluation.
#pragma once
#include <memory>

#include "nn/backbone.h"

namespace couplet {

/// phi_{s,t}(x) = x + (t - s) u_theta(x, s, t | label)  (two-timed flow models, arXiv 2505.01169).
struct FlowMap {
  std::shared_ptr<Backbone> net;  ///< with two clocks: s and t - s
  /// x: (N, *shape); s, t: (N).
  Tensor operator()(const Tensor& x, const Tensor& s, const Tensor& t, const Tensor& label) const;
  /// u_theta, the average velocity over [s, t]; at t = s the velocity itself.
  Tensor average_velocity(const Tensor& x, const Tensor& s, const Tensor& t,
                          const Tensor& label) const;
};

/// Carries x along the times given, one jump from each to the next.
Tensor jump(const FlowMap& phi, Tensor x, const Tensor& label, const std::vector<double>& times);

}  // namespace couplet
