// How a flow map is distilled: the loss, where and when it is asked, and its weights by row.
#pragma once
#include "io/checkpoint.h"
#include "losses/distillation.h"

namespace couplet {

struct DistillOptions {
  Component loss{distillation_losses(), "itvm"};
  Component times{time_laws(), "uniform"};
  double diagonal = 0, encode = 0, adaptive = 0, adaptive_floor = 1e-3;
  int64_t solution_steps = 0;
  std::vector<double> guidance;
  double label_drop = 0;
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
  }
};

/// Throws BadOption for options that cannot be, or have no effect on the loss; and for those that a
/// teacher, or the network that a map begins as, does not allow: guidance or dropped labels where
/// it knows nothing of no label, a derivative by a clock that is too fast.
void check(const DistillOptions& options);
void check(const DistillOptions& options, const Checkpoint& teacher);
/// What a map says of itself: "jumps", the loss's, of dyadic ones "shortest_jump"; "interpolant"
/// and "sigma", the teacher's; "pairs", "independent" where those of the teacher and those that
/// gave x_s were; "guidance" where there was any; "encodes": true where it knows jumps back;
/// "label_drop". student: what it begins as.
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

}  // namespace couplet
