// Velocity fields: dx/dt = v(x, t).
#pragma once
#include <functional>
#include <memory>

#include "nn/backbone.h"

namespace couplet {

/// All that a solver knows; t: (N). The label is bound and guidance applied before it gets here.
using Velocity = std::function<Tensor(const Tensor& x, const Tensor& t)>;
/// v(x, t | label): what a distillation asks of its teacher.
using LabelledVelocity =
    std::function<Tensor(const Tensor& x, const Tensor& t, const Tensor& label)>;

struct VelocityField {            ///< v_theta(x, t | label)
  std::shared_ptr<Backbone> net;  ///< with one clock
  Tensor operator()(const Tensor& x, const Tensor& t, const Tensor& label) const;
};

/// The network of v in bf16 (autocast); x and the velocity stay as they are.
LabelledVelocity in_bf16(LabelledVelocity v);

Velocity bind(LabelledVelocity v, const Tensor& label);

/// Classifier-free guidance: v + scale (v - v_null), both branches in one batch; scale 0: v itself.
/// Guided are the rows with from <= t <= to (2404.07724): the others need one branch only. An
/// interval shorter than [0, 1] reads from the device, at each evaluation, how many these are.
LabelledVelocity guide(LabelledVelocity v, double scale, double from = 0, double to = 1);
/// By a scale for each row, (N).
LabelledVelocity guide(LabelledVelocity v, const Tensor& scale);

}  // namespace couplet
