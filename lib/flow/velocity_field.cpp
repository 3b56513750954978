#include "flow/velocity_field.h"

#include <ATen/ATen.h>

#include "nn/autocast.h"

namespace couplet {

namespace {

// A float's time t + dt may miss the end of the interval that it stands for.
constexpr double rounding = 1e-6;

// The null branch is asked only for the rows whose time lies in the interval.
LabelledVelocity guide_between(LabelledVelocity v, double scale, double from, double to) {
  return [=](const Tensor& x, const Tensor& t, const Tensor& label) {
    const Tensor inside = t.ge(from - rounding).logical_and(t.le(to + rounding)).nonzero().view(-1);
    const auto with = [&](const Tensor& all) {
      return at::cat({all, all.index_select(0, inside)});
    };
    const Tensor none = at::full_like(inside, -1);
    const Tensor both = v(with(x), with(t), at::cat({label, none}));
    const Tensor labelled = both.narrow(0, 0, x.size(0));
    const Tensor null = both.narrow(0, x.size(0), inside.size(0));
    return labelled.index_add(0, inside, labelled.index_select(0, inside) - null, scale);
  };
}

}  // namespace

Tensor VelocityField::operator()(const Tensor& x, const Tensor& t, const Tensor& label) const {
  return net->forward(x, t.unsqueeze(1), label);
}

LabelledVelocity in_bf16(LabelledVelocity v) {
  return [v = std::move(v)](const Tensor& x, const Tensor& t, const Tensor& label) {
    const Autocast autocast(true, x.device().type());
    return v(x, t, label).to(x.scalar_type());
  };
}

Velocity bind(LabelledVelocity v, const Tensor& label) {
  return [v = std::move(v), label](const Tensor& x, const Tensor& t) { return v(x, t, label); };
}

LabelledVelocity guide(LabelledVelocity v, double scale, double from, double to) {
  if (scale == 0) return v;
  if (from > 0 || to < 1) return guide_between(std::move(v), scale, from, to);
  return guide(std::move(v), at::scalar_tensor(scale, at::kDouble));
}

LabelledVelocity guide(LabelledVelocity v, const Tensor& scale) {
  return [v = std::move(v), scale](const Tensor& x, const Tensor& t, const Tensor& label) {
    const Tensor none = at::full_like(label, -1);
    const Tensor both = v(at::cat({x, x}), at::cat({t, t}), at::cat({label, none}));
    const auto halves = both.chunk(2);
    const Tensor w = scale.dim() == 0 ? scale : expand_to(scale, x);
    return halves[0] + w * (halves[0] - halves[1]);
  };
}

}  // namespace couplet
