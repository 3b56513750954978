// Variance-preserving diffusion with the linear schedule (2011.13456; 2006.11239 in 1000 steps).
#pragma once
#include "base/types.h"

namespace couplet {

/// T(t) = (1-t)^2 (20 - 0.1)/2 + 0.1 (1-t), the schedule's integral from the data at t = 1:
/// x_t = sqrt(1 - e^-T) x0 + e^(-T/2) x1. t: any shape, as the result.
Tensor noised(const Tensor& t);
/// dT/dt, which is negative.
Tensor noised_dot(const Tensor& t);

/// dx/dt where a network knows the noise x0 in x_t: -T'/2 (x - x0 / sqrt(1 - e^-T)), the
/// probability flow (2011.13456, eq. 13). Infinite at the data: taken at t = 0.999 at the
/// latest, the last of a thousand steps. x, noise: (N, *shape); t: (N).
Tensor velocity_of_noise(const Tensor& x, const Tensor& noise, const Tensor& t);

}  // namespace couplet
