#include "losses/distillations/eulerian.h"

#include <ATen/ATen.h>

namespace couplet {

namespace {

struct Eulerian : DistillationLoss {
  Derivative how;
  bool sg;
  Eulerian(bool teacher, Derivative how, bool sg)
      : DistillationLoss({.teacher = teacher, .d_ds = true}), how(how), sg(sg) {}

  Tensor operator()(const Distillation& models, const DistillationPoints& p) const override {
    const auto& [s, t] = p.clocks;
    const Tensor w = velocity_at(models, p);
    const ManyToOne u = [&, &t = t](const std::vector<Tensor>& from) {
      return models.student.average_velocity(from[0], from[1], t, p.pairs.label);
    };
    const auto [u_st, du] = jvp(u, {p.x_s, s}, {w, at::ones_like(s)}, how);
    const Tensor target = w + expand_to(t - s, w) * du;
    return mean_square(u_st - (sg ? target.detach() : target));
  }
};

}  // namespace

std::shared_ptr<DistillationLoss> eulerian(bool teacher, Derivative how, bool sg) {
  return std::make_shared<Eulerian>(teacher, how, sg);
}

std::shared_ptr<DistillationLoss> make_eulerian(const EulerianOptions& options) {
  return eulerian(/*teacher=*/true, derivative(options.derivative), options.stop_gradient);
}

}  // namespace couplet
