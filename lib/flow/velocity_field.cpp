#include "flow/velocity_field.h"

#include <ATen/ATen.h>

namespace couplet {

Tensor VelocityField::operator()(const Tensor& x, const Tensor& t, const Tensor& label) const {
  return net->forward(x, t.unsqueeze(1), label);
}

Velocity bind(LabelledVelocity v, const Tensor& label) {
  return [v = std::move(v), label](const Tensor& x, const Tensor& t) { return v(x, t, label); };
}

LabelledVelocity guide(LabelledVelocity v, double scale) {
  if (scale == 0) return v;
  return [v = std::move(v), scale](const Tensor& x, const Tensor& t, const Tensor& label) {
    const Tensor none = at::full_like(label, -1);
    const Tensor both = v(at::cat({x, x}), at::cat({t, t}), at::cat({label, none}));
    const auto halves = both.chunk(2);
    return halves[0] + scale * (halves[0] - halves[1]);
  };
}

}  // namespace couplet
