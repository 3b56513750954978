#include "flow/jvp.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/forward_grad.h>

#include <mutex>

#include "nn/attention.h"

namespace couplet {

namespace {

// The level of dual numbers is one for the whole process, so threads take turns; it must be left
// before any backward pass through what was computed in it.
std::mutex turn;
struct DualLevel {
  const std::lock_guard<std::mutex> mine{turn};
  uint64_t level = torch::autograd::ForwardADLevel::get_next_idx();
  ~DualLevel() { torch::autograd::ForwardADLevel::release_idx(level); }
};

}  // namespace

std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& t,
                              const Tensor& dt) {
  const WrittenOutAttention written_out;
  const DualLevel dual;
  const Tensor y = f(at::_make_dual(t, dt, dual.level));
  const auto [value, tangent] = at::_unpack_dual(y, dual.level);
  return {value, tangent.defined() ? tangent.clone() : at::zeros_like(value)};
}

}  // namespace couplet
