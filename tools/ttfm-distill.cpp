// ttfm-distill: distil a velocity field, or a chain of them, into two-time flow maps.
#include "app/tool.h"
#include "flow/blocks.h"
#include "flow/map_plan.h"
#include "flow/schedule.h"
#include "flow/loading.h"
#include "losses/distiller.h"
#include "train/trainer.h"
using namespace couplet;

struct Options {
  Component coupling{couplings(), "stored"};
  UntaughtOptions untaught;
  DistillOptions distil;
  PushedOptions push;
  double ema = 0;
  TrainOptions train;
  void describe(auto&& option) {
    option("coupling", coupling, "pairs whose paths give the points x_s; a chain has its own");
    untaught.describe(option);
    option("distil", distil, "how the map is held to the field");
    option("push", push, "of a chain or the loss 'endpoint': how the field carries the data");
    option("ema", ema, "decay of the average to take, of a student with several; 0: the first");
    option("train", train, "the loop, of each map");
  }
};

int main(int argc, char** argv) {
  Tool tool(
      {.name = "ttfm-distill",
       .summary = "Distil a velocity field into a flow map phi(s, t) that takes 1 to 8 steps.",
       .example =
           "ttfm-distill student.h5 couplings.h5 -c data/experiments/digits.json -o map.h5"});
  const auto& files =
      tool.inputs("files", "a velocity field, where the loss needs one; and last the pairs");
  const auto& moved = tool.flag("data", std::string(), "the flow's dataset, where it has moved");
  const auto& count = tool.flag("blocks", int64_t{0}, "maps of a chain; 0: one for each block");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const LossTraits loss = distillation_losses().make(options.distil.loss)->traits;
    const Checkpoint student = beginning(files, loss.teacher, options.untaught, options.ema, run);
    const MapPlan plan{files, options.coupling.value, moved, count, loss.ends, options.push};
    const size_t maps = maps_of(student, plan), group = student.blocks.size() / maps;
    const int64_t clocks = clocks_of(options.distil);
    check(options.distil, student), check(options.train);
    Checkpoint map{.kind = "flow-map", .space = student.space, .facts = carried_on(student.label)};
    map.facts.update(facts_of(options.distil, student, law_of_pairs(plan.coupling, files.back())));
    for (map = taken_up(map, run); map.blocks.size() < maps;) {
      const size_t first = map.blocks.size() * group, last = first + group;
      const std::string name = block_name("map", map.blocks.size(), maps);
      const Run own = run_of_block(run, name);
      const auto pi = pairs_of(student, plan, first, last, own);
      seed_weights(own);
      // A map begins as the block on the noise side: clocks after the first enter by zero weights.
      const auto net = [&] { return load_backbone(student, clocks, run.device, false, last - 1); };
      const FlowMap phi{net()}, target{loss.target ? net() : nullptr};
      if (loss.target) load_tensors(*target.net, named_tensors(*phi.net));
      phi.net->train();
      LabelledVelocity v;
      if (loss.asks_teacher()) v = load_field(student, run.device, false, last - 1);
      const Distiller distil(options.distil, interpolant(student.facts["interpolant"]), own.random);
      const Distillation models{phi, target, v};
      const auto of = [&](const Tensor& rows) { return distil(models, pi->draw(rows), rows); };
      TrainHooks hooks;
      if (loss.target) hooks.followers = {{target.net.get(), *loss.target}};
      auto [trained, numbers] = train(*phi.net, of, options.train, own, name, hooks);
      trained.net = student.blocks[last - 1].net;
      add(map, trained, numbers, name, maps, run);
    }
    write_checkpoint(run, map, {student.label, read_label(files.back())});
  });
}
