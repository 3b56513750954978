#include "losses/distillation.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "losses/distillations/consistency.h"
#include "losses/distillations/endpoint.h"
#include "losses/distillations/eulerian.h"
#include "losses/distillations/itvm.h"
#include "losses/distillations/lagrangian.h"
#include "losses/distillations/meanflow.h"
#include "losses/distillations/shortcut.h"

namespace couplet {

const Registry<DistillationLoss>& distillation_losses() {
  static const Registry<DistillationLoss> table(
      "distillation loss",
      {
          {"itvm",
           "initial velocity of the teacher, terminal velocity of the target network "
           "(reconstructed from the abstract of 2505.01169); evaluations a row: student 3, target "
           "1, teacher 1; form b: 2, 2, 1",
           make_itvm},
          {"lagrangian",
           "velocity at the end point (LFMD, 2406.07507); evaluations a row: student 1 with its "
           "derivative, teacher 1 with its gradient, none if stopped; each 1 more for the initial "
           "term",
           make_lagrangian},
          {"eulerian",
           "velocity at the starting point, carried along (EMD, 2406.07507); evaluations a row: "
           "student 1 with its derivative, teacher 1",
           make_eulerian},
          {"meanflow",
           "average velocity by its own derivative (2505.13447); evaluations a row: student 1 with "
           "its derivative, teacher 1 or none",
           make_meanflow},
          {"shortcut",
           "a step as two half steps of the target network (2410.12557); evaluations a row: "
           "student 1, target 2, teacher 1 or none",
           make_shortcut},
          {"consistency",
           "the end point from here as from the next point (2303.01469); evaluations a row: "
           "student 1, target 1, teacher 2 or none",
           make_consistency},
          {"endpoint",
           "the teacher's end of the whole way, of a block or several (LFM, 2410.02548); "
           "evaluations a row: student 1",
           make_endpoint},
      });
  return table;
}

Tensor mean_square(const Tensor& residual) {
  const auto exact = c10::promoteTypes(residual.scalar_type(), c10::kFloat);
  return residual.to(exact).square().flatten(1).mean(1);
}

double target_decay(double target_ema) {
  require_option(target_ema >= 0 && target_ema < 1,
                 "option 'distil.loss.target_ema' must be in [0, 1), found ", target_ema);
  return target_ema;
}

bool by_teacher(const std::string& velocity) {
  require_option(velocity == "teacher" || velocity == "pairs",
                 "option 'velocity' must be teacher or pairs, found ", velocity);
  return velocity == "teacher";
}

Tensor DistillationLoss::velocity_at(const Distillation& models,
                                     const DistillationPoints& p) const {
  const at::NoGradGuard no_grad;
  const Tensor& s = p.clocks.s;
  if (!traits.teacher) return p.path.velocity(s, p.pairs.x0, p.pairs.x1);
  // Of a network in bf16 too it may be the direction of a derivative, which has the type of x_s.
  return models.teacher(p.x_s, s, p.pairs.label).to(p.x_s.scalar_type());
}

Clocks DistillationLoss::draw(const TimeLaw& law, const Tensor& uniform) const {
  const auto u = law.quantile(uniform).unbind(1);
  return {at::minimum(u[0], u[1]), at::maximum(u[0], u[1])};
}

}  // namespace couplet
