#include "losses/distillations/lagrangian.h"

#include <ATen/ATen.h>

#include "flow/jvp.h"

namespace couplet {

namespace {

/// E || d/dt phi_{s,t}(x_s) - v(phi_{s,t}(x_s), t) ||^2  (Boffi et al. 2406.07507)
struct Lagrangian : DistillationLoss {
  LagrangianOptions options;
  explicit Lagrangian(const LagrangianOptions& options) : options(options) {}

  Tensor operator()(const Distillation& models, const Tensor& x_s, const Clocks& clocks,
                    const CoupledBatch& pairs) const override {
    const Tensor& label = pairs.label;
    const auto phi = [&](const Tensor& end) { return models.student(x_s, clocks.s, end, label); };
    const auto [x_t, dx_t] = jvp(phi, clocks.t, at::ones_like(clocks.t));
    const Tensor v_t = models.teacher(options.stop_gradient ? x_t.detach() : x_t, clocks.t, label);
    return (dx_t - v_t).square().mean();
  }
};

}  // namespace

std::shared_ptr<DistillationLoss> make_lagrangian(const LagrangianOptions& options) {
  return std::make_shared<Lagrangian>(options);
}

}  // namespace couplet
