#include "flow/flow_map.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

Tensor FlowMap::average_velocity(const Tensor& x, const Tensor& s, const Tensor& t,
                                 const Tensor& label) const {
  std::vector<Tensor> clocks{s, t - s};
  if (w.defined()) clocks.push_back(w.repeat({x.size(0) / w.size(0)}));
  return net->forward(x, at::stack(clocks, 1), label);
}

Tensor FlowMap::operator()(const Tensor& x, const Tensor& s, const Tensor& t,
                           const Tensor& label) const {
  return x + expand_to(t - s, x) * average_velocity(x, s, t, label);
}

Tensor jump(const FlowMap& phi, Tensor x, const Tensor& label, const std::vector<double>& times,
            const Visit& visit) {
  for (size_t k = 0; k + 1 < times.size(); ++k) {
    const Tensor s = at::full({x.size(0)}, times[k], x.options());
    x = phi(x, s, at::full_like(s, times[k + 1]), label);
    if (visit) visit(x);
  }
  return x;
}

Tensor jump_to_end(const FlowMap& phi, Tensor x, const Tensor& label,
                   const std::vector<double>& times, const Renoise& back) {
  for (size_t k = 0; k + 1 < times.size(); ++k) {
    const Tensor s = at::full({x.size(0)}, times[k], x.options());
    if (k > 0) {
      const Random noise = back.noise.stream(text("jump ", k));
      x = back.path->at(s, noise.normal(back.rows, x.sizes().slice(1)), x);
    }
    x = phi(x, s, at::ones_like(s), label);
  }
  return x;
}

}  // namespace couplet
