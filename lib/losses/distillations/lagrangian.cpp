#include "losses/distillations/lagrangian.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "flow/jvp.h"

namespace couplet {

namespace {

struct Lagrangian : DistillationLoss {
  LagrangianOptions options;
  Derivative how;
  explicit Lagrangian(const LagrangianOptions& options)
      : options(options), how(derivative(options.derivative)) {}

  Tensor operator()(const Distillation& models, const DistillationPoints& p) const override {
    const auto& [s, t] = p.clocks;
    const Tensor& label = p.pairs.label;
    const auto phi = [&, &s = s](const Tensor& end) {
      return models.student(p.x_s, s, end, label);
    };
    const auto [x_t, dx_t] = jvp(phi, t, at::ones_like(t), how);
    const Tensor v_t = models.teacher(options.stop_gradient ? x_t.detach() : x_t, t, label);
    const Tensor terminal = mean_square(dx_t - v_t);
    if (options.lambda_initial == 0) return terminal;
    const Tensor u_s = models.student.average_velocity(p.x_s, s, s, label);
    return terminal + options.lambda_initial * mean_square(u_s - velocity_at(models, p));
  }
};

}  // namespace

std::shared_ptr<DistillationLoss> make_lagrangian(const LagrangianOptions& options) {
  require_option(options.lambda_initial >= 0, "option 'lambda_initial' must be 0 or more, found ",
                 options.lambda_initial);
  return std::make_shared<Lagrangian>(options);
}

}  // namespace couplet
