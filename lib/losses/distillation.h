// Losses that distil a velocity field into a flow map.
#pragma once
#include "flow/coupling.h"
#include "flow/flow_map.h"
#include "flow/interpolant.h"
#include "flow/velocity_field.h"

namespace couplet {

/// What is trained, its moving average, and the flow it must follow.
struct Distillation {
  const FlowMap& student;
  const FlowMap& average;
  const LabelledVelocity& teacher;
};

/// Two readings of the clock, each (N), s <= t.
struct Clocks {
  Tensor s, t;
};

struct DistillationLoss {
  virtual ~DistillationLoss() = default;
  /// x_s: (N, *shape) points at time s of the paths of the pairs. A mean over batch and components.
  virtual Tensor operator()(const Distillation& models, const Tensor& x_s, const Clocks& clocks,
                            const CoupledBatch& pairs) const = 0;
  /// Whether the loss reads models.average.
  virtual bool needs_average() const { return false; }
  /// Whether it reads the ends of the pairs alone, which must be the teacher's: x1 where it carries
  /// x0.
  virtual bool needs_ends() const { return false; }
};

const Registry<DistillationLoss>& distillation_losses();

struct DistillOptions {
  Component loss{distillation_losses(), "itvm"};
  double label_drop = 0, target_ema = 0.99;
  void describe(auto&& option) {
    option("loss", loss, "what is minimised");
    option("label_drop", label_drop, "share of the labels dropped");
    option("target_ema", target_ema, "decay of the average that gives the loss its targets");
  }
};

/// Draws s <= t by row (two uniforms, sorted), takes x_s from the path of the pairs, then the loss.
class Distiller {
 public:
  Distiller(const DistillOptions& options, const Interpolant& path, const Random& random);
  Tensor operator()(const Distillation& models, CoupledBatch pairs, const Tensor& rows) const;
  bool needs_average() const { return loss_->needs_average(); }
  bool needs_ends() const { return loss_->needs_ends(); }

 private:
  DistillOptions options_;
  const Interpolant& path_;
  std::shared_ptr<DistillationLoss> loss_;
  Random clock_, drop_;
};

}  // namespace couplet
