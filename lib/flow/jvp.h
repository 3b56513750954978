// Derivatives along a direction.
#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "base/types.h"

namespace couplet {

/// How: forward, by dual numbers in one pass; or backward twice, by public operations alone, for
/// what has no forward derivative. Both can be differentiated again in the parameters. Attention
/// inside is written out, since the fused kernels have neither.
enum class Derivative { forward, backward };
/// "forward" or "backward". Errors: BadOption.
Derivative derivative(const std::string& name);

using ManyToOne = std::function<Tensor(const std::vector<Tensor>&)>;
/// f(x) and d/de f(x + e dx) at e = 0. Without gradients (NoGradGuard) both come without.
std::pair<Tensor, Tensor> jvp(const ManyToOne& f, const std::vector<Tensor>& x,
                              const std::vector<Tensor>& dx, Derivative how = Derivative::forward);
/// Of one input.
std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& x,
                              const Tensor& dx, Derivative how = Derivative::forward);

}  // namespace couplet
