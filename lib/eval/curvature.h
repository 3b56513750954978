// How far the paths of a velocity field are from straight lines.
#pragma once
#include <functional>

#include "flow/velocity_field.h"

namespace couplet {

/// Mean over steps and dimensions of (v_k - (x1 - x0))^2 along Euler's path in uniform steps from
/// noise x0 (N, *shape) to x1: (N). Zero where every path is straight at constant speed.
/// Lee et al. 2023 (mean over dimensions instead of their sum).
Tensor curvature(const Velocity& v, const Tensor& x0, int64_t steps = 128);

/// The same, a sum over dimensions: S of rectified flow, int |x1 - x0 - v|^2 dt (2209.03003).
Tensor straightness(const Velocity& v, const Tensor& x0, int64_t steps = 128);

}  // namespace couplet
