// Losses that distil a velocity field into a flow map.
#pragma once
#include "flow/coupling.h"
#include "flow/flow_map.h"
#include "flow/interpolant.h"
#include "flow/times.h"
#include "flow/velocity_field.h"
#include "io/checkpoint.h"

namespace couplet {

/// What is trained, its target network (a moving average of it), and the flow it must follow.
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
  bool law = true;      ///< draw() reads the law
  bool target = false;  ///< reads models.target
  bool teacher = true;  ///< needs a teacher; else the velocity at x_s is that of the pairs' paths
  bool ends = false;    ///< reads the pairs' ends alone: x1 is where the teacher carries x0
  bool d_ds = false;    ///< differentiates the student by s, its network's first clock
  std::string jumps = "any";  ///< or those "to-end" (t = 1), or the "whole" one from 0 to 1
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

struct DistillOptions {
  Component loss{distillation_losses(), "itvm"};
  Component times{time_laws(), "uniform"};
  double diagonal = 0, encode = 0, adaptive = 0, adaptive_floor = 1e-3;
  int64_t solution_steps = 0;
  std::vector<double> guidance;
  double label_drop = 0, target_ema = 0.99;
  void describe(auto&& option) {
    option("loss", loss, "what is minimised");
    option("times", times, "the law of the two times, s the lesser");
    option("diagonal", diagonal, "share of the rows with t = s (MeanFlow: 0.25 to 0.75)");
    option("encode", encode,
           "share of the rows that go back, from a later s to t, so that the map encodes data too");
    option("adaptive", adaptive,
           "p: a row's squared error E is divided by (E + adaptive_floor)^p (MeanFlow: 1)");
    option("adaptive_floor", adaptive_floor, "of a row's error, summed over its components");
    option("solution_steps", solution_steps,
           "x_s is where so many of Heun's steps of the teacher carry x0, two evaluations each; 0: "
           "on the path of the pair");
    option("guidance", guidance,
           "of the teacher: one scale, [1.5]; or a range, [0, 4], of which a map knows every scale "
           "and is asked for one when sampling; twice the teacher's evaluations");
    option("label_drop", label_drop,
           "share of the labels dropped, of a teacher that was trained so");
    option("target_ema", target_ema,
           "decay of the average that gives the loss its targets, from the first step on");
  }
};

/// Throws BadOption for options that cannot be, or have no effect on the loss; and for those that a
/// teacher, or the network that a map begins as, does not allow: guidance or dropped labels where
/// it knows nothing of no label, a derivative by a clock that is too fast.
void check(const DistillOptions& options);
void check(const DistillOptions& options, const Checkpoint& teacher);
/// What a map says of itself: "jumps", the loss's; "interpolant", and "pairs", the teacher's law or
/// where none teaches that of its own pairs; "guidance" where there was any; "encodes": true where
/// it knows jumps back; "label_drop". student: what it begins as.
json facts_of(const DistillOptions& options, const Checkpoint& student, const std::string& pairs);
/// How many clocks a map needs: two, with a range of guidance three.
int64_t clocks_of(const DistillOptions& options);

/// Draws s and t by row, takes x_s from the path of the pair or of the teacher, then the loss,
/// weighed by row.
class Distiller {
 public:
  Distiller(const DistillOptions& options, const Interpolant& path, const Random& random);
  Tensor operator()(const Distillation& models, CoupledBatch pairs, const Tensor& rows) const;

 private:
  Tensor unguided(const Distillation& models, const CoupledBatch& pairs, const Tensor& rows) const;
  DistillOptions options_;
  const Interpolant& path_;
  std::shared_ptr<DistillationLoss> loss_;
  std::shared_ptr<TimeLaw> law_;
  Random clock_, chance_, diagonal_, encode_, guidance_, drop_;
};

/// Whose velocity at x_s a loss goes by, "teacher" or "pairs": true for the former. Errors:
/// BadOption.
bool by_teacher(const std::string& velocity);

/// (N): means of the squares over all components of a row, in float or more.
Tensor mean_square(const Tensor& residual);

}  // namespace couplet
