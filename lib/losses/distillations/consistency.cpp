#include "losses/distillations/consistency.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "flow/solver.h"

namespace couplet {

namespace {

struct Consistency : DistillationLoss {
  double step;
  explicit Consistency(const ConsistencyOptions& options)
      : DistillationLoss({.target = target_decay(options.target_ema),
                          .teacher = by_teacher(options.velocity),
                          .jumps = "to-end"}),
        step(1 / static_cast<double>(options.steps)) {}

  Clocks draw(const TimeLaw& law, const Tensor& uniform) const override {
    const Tensor s = (1 - step) * law.quantile(uniform.select(1, 0));
    return {s, at::ones_like(s)};
  }

  Tensor next(const Distillation& models, const DistillationPoints& p, const Tensor& r) const {
    if (!traits.teacher) return p.path.at(r, p.pairs.x0, p.pairs.x1);
    const Tensor& s = p.clocks.s;
    return fixed_solver("heun").step(bind(models.teacher, p.pairs.label), p.x_s, s, r - s);
  }

  Tensor operator()(const Distillation& models, const DistillationPoints& p) const override {
    const auto& [s, one] = p.clocks;
    const Tensor& label = p.pairs.label;
    Tensor end;
    {
      const at::NoGradGuard no_grad;
      const Tensor r = (s + step).clamp_max(1);
      end = models.target(next(models, p, r), r, one, label);
    }
    return mean_square((models.student(p.x_s, s, one, label) - end) / step);
  }
};

}  // namespace

std::shared_ptr<DistillationLoss> make_consistency(const ConsistencyOptions& options) {
  require_option(options.steps >= 1, "option 'steps' of consistency must be positive, found ",
                 options.steps);
  return std::make_shared<Consistency>(options);
}

}  // namespace couplet
