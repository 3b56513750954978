#include "losses/distillations/meanflow.h"

#include <ATen/ATen.h>

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

std::shared_ptr<DistillationLoss> make_meanflow(const MeanFlowOptions& options) {
  derivative(options.derivative);
  return std::make_shared<MeanFlow>(options);
}

}  // namespace couplet
