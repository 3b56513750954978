// fm-train-student: fit a velocity field to pairs of noise and data.
#include "app/tool.h"
#include "losses/flow_matching.h"
#include "train/trainer.h"
using namespace couplet;

struct Options {
  Component coupling{couplings(), "stored"};
  Component net{backbones(), "dit"};
  FlowMatchingOptions loss;
  TrainOptions train;
  void describe(auto&& option) {
    option("coupling", coupling, "joint law of noise and data");
    option("net", net, "the network");
    option("loss", loss, "what is minimised");
    option("train", train, "the loop");
  }
};

int main(int argc, char** argv) {
  Tool tool(
      {.name = "fm-train-student",
       .summary = "Fit a velocity field to pairs of noise and data by flow matching.",
       .example = "fm-train-student couplings.h5 -c data/experiments/digits.json -o student.h5"});
  const auto& pairs =
      tool.input("pairs", "a couplings file; a dataset or a flow for pairs drawn afresh");
  const auto& moved = tool.flag("data", std::string(), "the flow's dataset, where it has moved");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const auto pi = couplings().make(options.coupling, {pairs, &run, moved});
    const VelocityField v{backbones().make(options.net, pi->space(), 1)};
    v.net->to(run.device);

    const FlowMatching loss(options.loss, run.random);
    const auto fit = [&](const Tensor& rows) { return loss(v, pi->draw(rows), rows); };
    auto [block, numbers] = train(*v.net, fit, options.train, run, "");

    block.net = write_options(options)["net"];
    Checkpoint student{.kind = "velocity-field", .space = pi->space(), .blocks = {block}};
    student.facts = carried_on(pi->source());
    student.facts["interpolant"] = options.loss.interpolant;
    student.facts["numbers"] = numbers;
    write_checkpoint(run, student, {pi->source()});
  });
}
