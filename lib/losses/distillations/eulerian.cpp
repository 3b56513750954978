#include "losses/distillations/eulerian.h"

#include <ATen/ATen.h>

#include "flow/jvp.h"

namespace couplet {

namespace {

struct Eulerian : DistillationLoss {
  EulerianOptions options;
  explicit Eulerian(const EulerianOptions& options) : options(options) {}

  Tensor operator()(const Distillation& models, const DistillationPoints& p) const override {
    const Tensor v_s = models.teacher(p.x_s, p.clocks.s, p.pairs.label);
    return mean_square(
        eulerian_residual(models.student, p, v_s, options.derivative, options.stop_gradient));
  }
};

}  // namespace

Tensor eulerian_residual(const FlowMap& phi, const DistillationPoints& p, const Tensor& w,
                         const std::string& how, bool sg) {
  const auto& [s, t] = p.clocks;
  const ManyToOne u = [&, &t = t](const std::vector<Tensor>& from) {
    return phi.average_velocity(from[0], from[1], t, p.pairs.label);
  };
  const auto [u_st, du] = jvp(u, {p.x_s, s}, {w, at::ones_like(s)}, derivative(how));
  const Tensor target = w + expand_to(t - s, w) * du;
  return u_st - (sg ? target.detach() : target);
}

std::shared_ptr<DistillationLoss> make_eulerian(const EulerianOptions& options) {
  derivative(options.derivative);
  return std::make_shared<Eulerian>(options);
}

}  // namespace couplet
