// ttfm-distill: distil a velocity field into a two-time flow map.
#include "app/tool.h"
#include "flow/generator.h"
#include "losses/distillation.h"
#include "train/trainer.h"
using namespace couplet;

struct Options {
  Component coupling{couplings(), "stored"};
  DistillOptions distil;
  TrainOptions train;
  void describe(auto&& option) {
    option("coupling", coupling, "joint law of noise and data, whose paths give the points x_s");
    option("distil", distil, "how the map is held to the field");
    option("train", train, "the loop");
  }
};

int main(int argc, char** argv) {
  Tool tool(
      {.name = "ttfm-distill",
       .summary = "Distil a velocity field into a flow map phi(s, t) that takes 1 to 8 steps.",
       .example =
           "ttfm-distill student.h5 couplings.h5 -c data/experiments/digits.json -o map.h5"});
  const auto& field = tool.input("student", "a velocity field");
  const auto& pairs = tool.input("pairs", "the couplings file; a dataset or a flow");
  const auto& moved = tool.flag("data", std::string(), "the flow's dataset, where it has moved");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const Checkpoint student = read_checkpoint(field, {"velocity-field"});
    const auto pi = couplings().make(options.coupling, {pairs, &run, moved});
    require(pi->space() == student.space, pairs, ": its shape or classes differ from those of ",
            field);

    // The map begins as its student: the second clock enters with zero weights.
    const VelocityField teacher{load_backbone(student, 1, run.device)};
    const FlowMap phi{load_backbone(student, 2, run.device)};
    const FlowMap average{load_backbone(student, 2, run.device)};
    load_tensors(*average.net, named_tensors(*phi.net));
    for (const Tensor& weight : teacher.net->parameters()) weight.set_requires_grad(false);

    const Distiller distil(options.distil, interpolant(student.facts["interpolant"]), run.random);
    const LabelledVelocity v = teacher;
    const Distillation models{phi, average, v};
    const auto loss = [&](const Tensor& rows) { return distil(models, pi->draw(rows), rows); };
    TrainHooks hooks;
    if (distil.needs_average()) hooks.followers = {{average.net.get(), options.distil.target_ema}};
    auto [trained, numbers] = train(*phi.net, loss, options.train, run, "", hooks);

    trained.net = student.blocks.back().net;
    Checkpoint map{.kind = "flow-map", .space = student.space, .blocks = {trained}};
    map.facts = carried_on(student.label);
    map.facts["numbers"] = numbers;
    write_checkpoint(run, map, {student.label, pi->source()});
  });
}
