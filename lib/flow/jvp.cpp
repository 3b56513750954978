#include "flow/jvp.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/forward_grad.h>

#include <mutex>

#include "base/error.h"
#include "nn/attention.h"

namespace couplet {

namespace {

using ValueAndSlope = std::pair<Tensor, Tensor>;

// The level of dual numbers is one for the whole process, so threads take turns; it must be left
// before any backward pass through what was computed in it.
std::mutex turn;
struct DualLevel {
  const std::lock_guard<std::mutex> mine{turn};
  uint64_t level = torch::autograd::ForwardADLevel::get_next_idx();
  ~DualLevel() { torch::autograd::ForwardADLevel::release_idx(level); }
};

ValueAndSlope forward(const ManyToOne& f, std::vector<Tensor> x, const std::vector<Tensor>& dx) {
  const DualLevel dual;
  for (size_t i = 0; i < x.size(); ++i) x[i] = at::_make_dual(x[i], dx[i], dual.level);
  const auto [value, slope] = at::_unpack_dual(f(x), dual.level);
  return {value, slope.defined() ? slope.clone() : at::zeros_like(value)};
}

// The gradient g(w) = w' df/dx is linear in w: its derivative along dx is df/dx dx.
ValueAndSlope backward(const ManyToOne& f, std::vector<Tensor> x, const std::vector<Tensor>& dx) {
  const bool wanted = at::GradMode::is_enabled();
  const at::AutoGradMode with_gradients(true);
  for (Tensor& input : x) input = input.detach().requires_grad_();
  const Tensor value = f(x), w = at::zeros_like(value).requires_grad_();
  const auto g = torch::autograd::grad({value}, x, {w}, /*retain_graph=*/true,
                                       /*create_graph=*/true, /*allow_unused=*/true);
  std::vector<Tensor> seen, along;
  for (size_t i = 0; i < x.size(); ++i) {
    if (g[i].defined()) seen.push_back(g[i]), along.push_back(dx[i]);
  }
  const Tensor slope = seen.empty() ? Tensor()
                                    : torch::autograd::grad(seen, {w}, along, /*retain_graph=*/true,
                                                            /*create_graph=*/wanted,
                                                            /*allow_unused=*/true)[0];
  return {wanted ? value : value.detach(), slope.defined() ? slope : at::zeros_like(value)};
}

}  // namespace

Derivative derivative(const std::string& name) {
  require_option(name == "forward" || name == "backward",
                 "option 'derivative' must be forward or backward, found ", name);
  return name == "forward" ? Derivative::forward : Derivative::backward;
}

ValueAndSlope jvp(const ManyToOne& f, const std::vector<Tensor>& x, const std::vector<Tensor>& dx,
                  Derivative how) {
  const WrittenOut written_out;
  return how == Derivative::forward ? forward(f, x, dx) : backward(f, x, dx);
}

ValueAndSlope jvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& dx,
                  Derivative how) {
  return jvp([&](const std::vector<Tensor>& inputs) { return f(inputs[0]); }, std::vector{x},
             std::vector{dx}, how);
}

}  // namespace couplet
