// The best linear velocity field of a coupling, from its covariances alone.
#pragma once
#include "base/types.h"

namespace couplet {

/// Means over dimensions of E |x1 - x0 - v(x_t, t)|^2, t ~ U(0, 1), for the best field v that is
/// affine in x: int_0^1 tr Cov(x1 - x0 | x_t) dt / D of the Gaussian with these covariances. What
/// flow matching can reach where pairs are Gaussian, and a bound that fields do better than where
/// they are not. S0, S1: (D, D) of x0 and x1; C = cov(x1, x0), all double. x_t = (1 - t) x0 + t x1.
double linear_loss(const Tensor& S0, const Tensor& S1, const Tensor& C);

}  // namespace couplet
