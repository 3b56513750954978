#include "losses/distiller.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "flow/labels.h"
#include "flow/loading.h"
#include "flow/solver.h"

namespace couplet {

void check(const DistillOptions& options) {
  const LossTraits traits = distillation_losses().make(options.loss)->traits;
  const json name = options.loss.value.at("type"), law = options.times.value.at("type");
  const auto acts = [&](bool ok, const char* option, const char* why = "") {
    require_option(ok, "option 'distil.", option, "' has no effect on the loss ", name, why);
  };
  require_option(options.diagonal >= 0 && options.diagonal < 1,
                 "option 'distil.diagonal' must be 0 or more and below 1, found ",
                 options.diagonal);
  acts(traits.law || law == "uniform", "times");
  acts(options.diagonal == 0 || (traits.law && traits.anywhere()), "diagonal");
  require_option(options.encode >= 0 && options.encode < 1,
                 "option 'distil.encode' must be 0 or more and below 1, found ", options.encode);
  acts(options.encode == 0 || traits.anywhere(), "encode", ", which learns jumps to the end alone");
  require_option(options.solution_steps >= 0,
                 "option 'distil.solution_steps' must be 0 or more, found ",
                 options.solution_steps);
  acts(options.solution_steps == 0 || traits.asks_teacher(), "solution_steps",
       ", which asks no teacher here");
  require_option(options.label_drop >= 0 && options.label_drop < 1,
                 "option 'distil.label_drop' must be in [0, 1), found ", options.label_drop);
  require_option(options.label_drop == 0 || !traits.ends, "option 'distil.label_drop': the loss ",
                 name, " would learn the mean of all classes' ends for no label");
  require_option(options.adaptive >= 0 && options.adaptive_floor > 0,
                 "options 'distil.adaptive' must be 0 or more, 'distil.adaptive_floor' positive");
  require_option(options.adaptive > 0 || options.adaptive_floor == DistillOptions().adaptive_floor,
                 "option 'distil.adaptive_floor' has no effect without 'distil.adaptive'");
  const auto& range = options.guidance;
  require_option(range.size() <= 2 && (range.size() < 2 || range[0] < range[1]),
                 "option 'distil.guidance' must be a scale or a range that rises, found ",
                 json(range).dump());
  acts(range.empty() || traits.asks_teacher(), "guidance", ", which asks no teacher here");
  require_option(range != std::vector{0.}, "option 'distil.guidance' of 0 has no effect");
}

void check(const DistillOptions& options, const Checkpoint& teacher) {
  check(options);
  const LossTraits traits = distillation_losses().make(options.loss)->traits;
  const bool guided = !options.guidance.empty(), drops = options.label_drop > 0;
  require_option(!guided || teacher.space.classes > 0,
                 "option 'distil.guidance' needs a model with classes");
  require_option(!drops || teacher.space.classes > 0,
                 "option 'distil.label_drop' has no effect on a model without classes");
  require_null_branch(guided || (drops && traits.asks_teacher()), teacher);
  // Only the first clock is multiplied: d/dt moves the second alone, t - s.
  for (const Block& block : teacher.blocks) {
    const double scale = block.net.value("time_scale", 1.);
    require_option(!traits.d_ds || scale <= 100, "the loss ", options.loss.value.at("type"),
                   " takes a derivative by a clock that this network multiplies by ", scale,
                   " (net.time_scale), which is too fast; take itvm, lagrangian, shortcut, ",
                   "consistency or endpoint");
  }
}

namespace {

/// Where n of Heun's steps of a field carry x0 by times s, (N), without gradients.
Tensor carried(const LabelledVelocity& v, const Tensor& x0, const Tensor& s, const Tensor& label,
               int64_t n) {
  const at::NoGradGuard no_grad;
  const Tensor dt = s / n;
  Tensor x = x0;
  for (int64_t k = 0; k < n; ++k) x = fixed_solver("heun").step(bind(v, label), x, k * dt, dt);
  return x;
}

}  // namespace

Distiller::Distiller(const DistillOptions& options, const Interpolant& path, const Random& random)
    : options_(options),
      path_(path),
      loss_(distillation_losses().make(options.loss)),
      law_(time_laws().make(options.times)),
      clock_(random.stream("times")),
      chance_(random.stream("chance")),
      diagonal_(random.stream("diagonal")),
      encode_(random.stream("encode")),
      guidance_(random.stream("guidance")),
      drop_(random.stream("label drop")) {
  check(options);
}

json facts_of(const DistillOptions& options, const Checkpoint& student, const std::string& pairs) {
  const LossTraits traits = distillation_losses().make(options.loss)->traits;
  json facts = {{"jumps", traits.jumps}, {"interpolant", student.facts.at("interpolant")}};
  if (traits.shortest > 0) facts["shortest_jump"] = traits.shortest;
  const std::string taught = student.facts.value("pairs", pairs);
  const bool points_of_pairs = !traits.ends && options.solution_steps == 0;
  const bool own = !traits.teacher || (points_of_pairs && taught == "independent");
  facts["pairs"] = own ? pairs : taught;
  if (student.facts.contains("sigma")) facts["sigma"] = student.facts["sigma"];
  if (!options.guidance.empty()) facts["guidance"] = options.guidance;
  if (options.encode > 0) facts["encodes"] = true;
  facts["label_drop"] = options.label_drop;
  return facts;
}

int64_t clocks_of(const DistillOptions& options) { return options.guidance.size() == 2 ? 3 : 2; }

// A range of guidance is drawn by row: the teacher has the scale, the maps its part of the range.
Tensor Distiller::operator()(const Distillation& models, CoupledBatch pairs,
                             const Tensor& rows) const {
  pairs.label = drop_labels(pairs.label, options_.label_drop, drop_, rows);
  const auto& range = options_.guidance;
  if (range.empty()) return unguided(models, pairs, rows);
  if (range.size() == 1) {
    return unguided({models.student, models.target, guide(models.teacher, range[0])}, pairs, rows);
  }
  const Tensor part = guidance_.uniform(rows, {});
  const LabelledVelocity v = guide(models.teacher, range[0] + (range[1] - range[0]) * part);
  return unguided({{models.student.net, part}, {models.target.net, part}, v}, pairs, rows);
}

Tensor Distiller::unguided(const Distillation& models, const CoupledBatch& pairs,
                           const Tensor& rows) const {
  auto [s, t] = loss_->draw(*law_, clock_.uniform(rows, {2}).to(at::kDouble));
  s = s.to(at::kFloat), t = t.to(at::kFloat);
  if (options_.diagonal > 0) t = at::where(diagonal_.uniform(rows, {}).lt(options_.diagonal), s, t);
  if (options_.encode > 0) {
    const Tensor back = encode_.uniform(rows, {}).lt(options_.encode), from = s;
    s = at::where(back, t, from), t = at::where(back, from, t);
  }
  if (path_.last < 1) {  // beyond it the velocity of the pairs' paths has no bound
    const Tensor early = s.clamp_max(path_.last);
    t = at::where(t.eq(s), early, t), s = early;
  }
  const Tensor x_s = options_.solution_steps > 0 ? carried(models.teacher, pairs.x0, s, pairs.label,
                                                           options_.solution_steps)
                                                 : path_.at(s, pairs.x0, pairs.x1);
  const Tensor error = (*loss_)(models, {x_s, {s, t}, chance_.uniform(rows, {}), pairs, path_});
  if (options_.adaptive == 0) return error.mean();
  const Tensor sum = error * (pairs.x0.numel() / pairs.x0.size(0));
  return (sum / (sum.detach() + options_.adaptive_floor).pow(options_.adaptive)).mean();
}

}  // namespace couplet
