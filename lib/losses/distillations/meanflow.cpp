#include "losses/distillations/meanflow.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "flow/jvp.h"
#include "losses/distillations/eulerian.h"

namespace couplet {

namespace {

struct MeanFlow : DistillationLoss {
  MeanFlowOptions options;
  bool pairs;
  explicit MeanFlow(const MeanFlowOptions& options)
      : options(options), pairs(of_pairs(options.velocity)) {}
  bool needs_teacher() const override { return !pairs; }

  Tensor operator()(const Distillation& models, const DistillationPoints& p) const override {
    return mean_square(eulerian_residual(models.student, p, velocity_at(models, p, pairs),
                                         options.derivative, /*sg=*/true));
  }
};

}  // namespace

bool of_pairs(const std::string& velocity) {
  require_option(velocity == "teacher" || velocity == "pairs",
                 "option 'velocity' must be teacher or pairs, found ", velocity);
  return velocity == "pairs";
}

Tensor velocity_at(const Distillation& models, const DistillationPoints& p, bool pairs) {
  const at::NoGradGuard no_grad;
  const Tensor& s = p.clocks.s;
  return pairs ? p.path.velocity(s, p.pairs.x0, p.pairs.x1)
               : models.teacher(p.x_s, s, p.pairs.label);
}

std::shared_ptr<DistillationLoss> make_meanflow(const MeanFlowOptions& options) {
  derivative(options.derivative);
  return std::make_shared<MeanFlow>(options);
}

}  // namespace couplet
