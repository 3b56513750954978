#include "losses/distillations/endpoint.h"

#include <ATen/ATen.h>

namespace couplet {

namespace {

/// E || phi_{0,1}(x0) - x1 ||^2, where the teacher carries x0 to x1. LFM (arXiv 2410.02548) names
/// the distillation of its blocks; this loss is our reading of it.
struct Endpoint : DistillationLoss {
  bool needs_ends() const override { return true; }

  Tensor operator()(const Distillation& models, const Tensor&, const Clocks& clocks,
                    const CoupledBatch& pairs) const override {
    const Tensor s = at::zeros_like(clocks.s);
    return (models.student(pairs.x0, s, at::ones_like(s), pairs.label) - pairs.x1).square().mean();
  }
};

}  // namespace

std::shared_ptr<DistillationLoss> make_endpoint(const NoOptions&) {
  return std::make_shared<Endpoint>();
}

}  // namespace couplet
