// Losses that distil a velocity field into a flow map.
#pragma once
#include <optional>

#include "flow/coupling.h"
#include "flow/flow_map.h"
#include "flow/interpolant.h"
#include "flow/times.h"
#include "flow/velocity_field.h"

namespace couplet {

/// What is trained, its target network (a moving average of it, u' and phi' in what follows), and
/// the flow it must follow.
struct Distillation {
  const FlowMap& student;
  const FlowMap& target;
  const LabelledVelocity& teacher;
};

/// Two readings of the clock, each (N): from s to t, which is earlier in jumps back.
struct Clocks {
  Tensor s, t;
};

/// Where a loss is asked, a row each: a point x_s (N, *shape) at time s of the path of a pair, two
/// readings of the clock, and a number in (0, 1], (N), for what else a loss draws.
struct DistillationPoints {
  Tensor x_s;
  Clocks clocks;
  Tensor chance;
  const CoupledBatch& pairs;
  const Interpolant& path;
};

/// What a loss reads, and which jumps it teaches.
struct LossTraits {
  bool law = true;               ///< draw() reads the law
  std::optional<double> target;  ///< the decay of models.target, where that is read
  bool teacher = true;  ///< needs a teacher; else the velocity at x_s is that of the pairs' paths
  bool ends = false;    ///< reads the pairs' ends alone: x1 is where the teacher carries x0
  bool d_ds = false;    ///< differentiates the student by s, its network's first clock
  /// Or "dyadic": of length 1/2^k from its multiples; "to-end": to t = 1; "whole": from 0 to 1.
  std::string jumps = "any";
  double shortest = 0;  ///< of dyadic jumps
  /// Whether there are jumps from more than one time to more than one.
  bool anywhere() const { return jumps == "any" || jumps == "dyadic"; }
  /// Whether it reads models.teacher.
  bool asks_teacher() const { return teacher && !ends; }
};

struct DistillationLoss {
  const LossTraits traits;
  explicit DistillationLoss(LossTraits traits = {}) : traits(std::move(traits)) {}
  virtual ~DistillationLoss() = default;
  /// (N): of each row, a mean over components.
  virtual Tensor operator()(const Distillation& models, const DistillationPoints& p) const = 0;
  /// s <= t of rows, out of two uniform numbers each, double (N, 2) in (0, 1]; here two draws of
  /// the law, sorted.
  virtual Clocks draw(const TimeLaw& law, const Tensor& uniform) const;

 protected:
  /// The velocity at x_s without gradients: the teacher's, or of a loss without that of the pairs'
  /// paths.
  Tensor velocity_at(const Distillation& models, const DistillationPoints& p) const;
};

const Registry<DistillationLoss>& distillation_losses();

/// How fast a target network follows, for the traits. Errors: BadOption, a decay outside [0, 1).
double target_decay(double target_ema);

/// Whose velocity at x_s a loss goes by, "teacher" or "pairs": true for the former. Errors:
/// BadOption.
bool by_teacher(const std::string& velocity);

/// (N): means of the squares over all components of a row, in float or more.
Tensor mean_square(const Tensor& residual);

}  // namespace couplet
