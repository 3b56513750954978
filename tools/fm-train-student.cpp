// fm-train-student: fit a velocity field, or a chain of them, to pairs of noise and data.
#include "app/tool.h"
#include "flow/blocks.h"
#include "flow/schedule.h"
#include "flow/pool.h"
#include "losses/flow_matching.h"
#include "train/trainer.h"
using namespace couplet;

struct Options {
  Components coupling{couplings(), "stored"};
  Component net{backbones(), "dit"};
  FlowMatchingOptions loss;
  bool warm = true;
  PushedOptions push;
  TrainOptions train;
  void describe(auto&& option) {
    option("coupling", coupling,
           "joint law of noise and data; a list: of each block of a chain, from data to noise");
    option("net", net, "the network, of each block");
    option("loss", loss, "what is minimised");
    option("warm", warm, "of a chain: a block starts from the averaged weights of the one before");
    option("push", push, "of a chain: how data are carried through the blocks already trained");
    option("train", train, "the loop, of each block");
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
  const auto& from = tool.flag("from", std::string(), "a student with the first blocks of a chain");
  const auto& count = tool.flag("blocks", int64_t{0}, "of a chain: train so many more; 0: all");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const auto schedule = schedule_of(options.coupling, from);
    Checkpoint student = first_blocks({from, pairs, schedule, options.loss.interpolant});
    const size_t last = last_block(student, schedule, count);
    const bool chain = student.facts.contains("schedule");
    require_option(!chain || moved.empty(), "--data has no effect on a chain: give the dataset");
    check_chain(student, schedule, {options.warm, options.push, write_options(options)["net"]},
                run);
    check(options.loss), check(options.train);

    for (student = taken_up(student, run); student.blocks.size() < last;) {
      const size_t n = student.blocks.size();
      const std::string name = block_name("block", n, schedule.size());
      const Run own = run_of_block(run, name);
      const std::string data = chain ? pool(student, n, pairs, options.push, run) : pairs;
      if (n > 1) drop_pool(n - 1, run);
      const auto pi = couplings().make(schedule[n], {data, &own, moved, n > 0});
      seed_weights(own);
      const VelocityField v{backbones().make(options.net, pi->space(), 1)};
      if (n > 0 && options.warm) load_tensors(*v.net, weights_of(student.blocks.back()));
      v.net->to(run.device);

      const FlowMatching loss(options.loss, own.random);
      const auto fit = [&](const Tensor& rows) { return loss(v, pi->draw(rows), rows); };
      auto [block, numbers] = train(*v.net, fit, options.train, own, name);

      block.net = write_options(options)["net"];
      student.space = pi->space();
      add(student, block, numbers, name, last, run);
    }
    const double drop = options.loss.label_drop;  // guidance needs it of every block
    student.facts["label_drop"] = std::min(drop, student.facts.value("label_drop", drop));
    if (options.loss.sigma > 0) student.facts["sigma"] = options.loss.sigma;
    std::vector<Label> parents{read_label(pairs)};
    if (!from.empty()) parents.push_back(student.label);
    write_checkpoint(run, student, parents);
  });
}
