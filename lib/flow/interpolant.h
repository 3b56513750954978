// The path between the two points of a pair.
#pragma once
#include "base/types.h"

namespace couplet {

using OfTime = Tensor (*)(const Tensor& t);

/// x_t = alpha(t) x0 + beta(t) x1, with alpha(0) = beta(1) = 1 and alpha(1) = beta(0) = 0 (of
/// "vp" beta(0) = 0.0066, alpha(0) = 0.99998).
struct Interpolant {
  OfTime alpha, beta, alpha_dot, beta_dot;
  double last = 1;  ///< training's latest time: below 1 where the velocity is infinite at t = 1
  /// t: (N); x0, x1: (N, *shape).
  Tensor at(const Tensor& t, const Tensor& x0, const Tensor& x1) const;
  /// d/dt of at().
  Tensor velocity(const Tensor& t, const Tensor& x0, const Tensor& x1) const;
};

/// "linear": (1 - t) x0 + t x1; "trigonometric": cos(pi t / 2) x0 + sin(pi t / 2) x1; preserving
/// variance, "linear-vp": sqrt(1 - t^2) x0 + t x1; "vp": sqrt(1 - e^-T) x0 + e^(-T/2) x1, where
/// T = (1-t)^2 (20 - 0.1)/2 + 0.1 (1-t) is the noise of diffusion (2011.13456, linear schedule).
/// Errors: BadOption, no such path.
const Interpolant& interpolant(const std::string& name);
std::vector<std::string> interpolant_names();

}  // namespace couplet
