// Flow maps: where a flow carries a point from one time to another, in one evaluation.
#pragma once
#include <memory>

#include "base/random.h"
#include "flow/interpolant.h"
#include "flow/path.h"
#include "nn/backbone.h"

namespace couplet {

/// phi_{s,t}(x) = x + (t - s) u_theta(x, s, t | label)  (two-timed flow models, arXiv 2505.01169).
struct FlowMap {
  std::shared_ptr<Backbone> net;  ///< with two clocks: s and t - s; or three: w
  /// (N), of whose rows x has a multiple: the scale of guidance, as a part of the map's range in
  /// [0, 1]; or undefined: two clocks.
  Tensor w = {};
  /// x: (N, *shape); s, t: (N).
  Tensor operator()(const Tensor& x, const Tensor& s, const Tensor& t, const Tensor& label) const;
  /// u_theta, the average velocity over [s, t]; at t = s the velocity itself.
  Tensor average_velocity(const Tensor& x, const Tensor& s, const Tensor& t,
                          const Tensor& label) const;
};

/// Carries x along the times given, one jump from each to the next; visit: is told where each ends.
Tensor jump(const FlowMap& phi, Tensor x, const Tensor& label, const std::vector<double>& times,
            const Visit& visit = {});

/// Noise that takes a point at t = 1 back to a time of its path, where it is drawn independently of
/// the data: that of row r and of jump k is always the same.
struct Renoise {
  const Interpolant* path;
  Random noise;
  Tensor rows;  ///< (N)
};
/// For a map that knows jumps to t = 1 alone: from each of the times but the last to t = 1, and by
/// noise back to the next (consistency models, arXiv 2303.01469, algorithm 1).
Tensor jump_to_end(const FlowMap& phi, Tensor x, const Tensor& label,
                   const std::vector<double>& times, const Renoise& back);

}  // namespace couplet
