// ttfm-distill: distil a velocity field, or a chain of them, into two-time flow maps.
#include "app/tool.h"
#include "flow/blocks.h"
#include "flow/loading.h"
#include "flow/pool.h"
#include "losses/distillation.h"
#include "train/trainer.h"
using namespace couplet;

struct Options {
  Component coupling{couplings(), "stored"};
  DistillOptions distil;
  PushedOptions push;
  double ema = 0;
  TrainOptions train;
  void describe(auto&& option) {
    option("coupling", coupling, "pairs whose paths give the points x_s; a chain has its own");
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
  const auto& field = tool.input("student", "a velocity field");
  const auto& pairs = tool.input("pairs", "the couplings file; a dataset or a flow");
  const auto& moved = tool.flag("data", std::string(), "the flow's dataset, where it has moved");
  const auto& count = tool.flag("blocks", int64_t{0}, "maps of a chain; 0: one for each block");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const Checkpoint student =
        chosen_average(read_checkpoint(field, {"velocity-field"}), /*raw=*/false, options.ema);
    const auto kind = distillation_losses().make(options.distil.loss);
    const bool ends = kind->needs_ends();
    const size_t maps = maps_of(student, pairs, count, ends);
    const size_t group = student.blocks.size() / maps;
    const bool own_pairs = ends || student.facts.contains("schedule");
    require_option(!own_pairs || (options.coupling.value["type"] == "stored" && moved.empty()),
                   "option 'coupling' or --data has no effect: the pairs are the student's own");
    require_option(ends || maps > 1 || unchanged(options.push),
                   "option 'push' has no effect on a student of one block without 'endpoint'");
    fixed_solver(options.push.solver), check(options.train);
    Checkpoint map{.kind = "flow-map", .space = student.space, .facts = carried_on(student.label)};
    map.facts["jumps"] = kind->jumps(), map.facts["interpolant"] = student.facts["interpolant"];
    for (map = taken_up(map, run); map.blocks.size() < maps;) {
      const size_t first = map.blocks.size() * group, last = first + group;
      const std::string name = block_name("map", map.blocks.size(), maps);
      const Run own = run_of_block(run, name);
      const auto [law, data, pushed] =
          own_pairs ? own_pairs_of(student, first, last, ends, pairs, options.push, run)
                    : BlockPairs{options.coupling.value, pairs, false};
      const auto pi = couplings().make(law, {data, &own, moved, pushed});
      require(pi->space() == student.space, pairs, ": its shape or classes differ from those of ",
              field);
      seed_weights(own);
      // A map begins as the block on the noise side: the second clock enters with zero weights.
      const FlowMap phi{load_backbone(student, 2, run.device, false, last - 1)};
      const FlowMap average{load_backbone(student, 2, run.device, false, last - 1)};
      load_tensors(*average.net, named_tensors(*phi.net));
      const Distiller distil(options.distil, interpolant(student.facts["interpolant"]), own.random);
      const LabelledVelocity v = load_field(student, run.device, false, last - 1);
      const Distillation models{phi, average, v};
      const auto loss = [&](const Tensor& rows) { return distil(models, pi->draw(rows), rows); };
      TrainHooks hooks;
      if (distil.needs_average())
        hooks.followers = {{average.net.get(), options.distil.target_ema}};
      auto [trained, numbers] = train(*phi.net, loss, options.train, own, name, hooks);
      trained.net = student.blocks[last - 1].net;
      map.blocks.push_back(trained);
      (name.empty() ? map.facts["numbers"] : map.facts["numbers"][name]) = numbers;
      if (map.blocks.size() < maps) keep(map, run);
    }
    write_checkpoint(run, map, {student.label, read_label(pairs)});
  });
}
