// Derivatives along a direction, by forward-mode differentiation.
#pragma once
#include <functional>
#include <utility>

#include "base/types.h"

namespace couplet {

/// f(t) and df/dt along dt in one pass; both can be differentiated again in the parameters.
/// Attention inside f is written out, since the fused kernels have no forward derivative.
std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& t,
                              const Tensor& dt);

}  // namespace couplet
