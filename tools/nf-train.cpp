// nf-train: fit a normalizing flow to data by maximum likelihood.
#include "app/tool.h"
#include "data/batches.h"
#include "eval/gaussianity.h"
#include "flow/preview.h"
#include "flow/verification.h"
#include "losses/likelihood.h"
#include "train/trainer.h"
using namespace couplet;

struct Options {
  Component flow{normalizing_flows(), "tarflow"};
  LikelihoodOptions loss;
  bool flip = false;
  int64_t validation_rows = 2000, previews = 0;
  TrainOptions train;
  void describe(auto&& option) {
    option("flow", flow, "the normalizing flow");
    option("loss", loss, "what is minimised");
    option("flip", flip, "mirror half of the images left to right");
    option("validation_rows", validation_rows, "rows of each split that a validation reads");
    option("previews", previews,
           "images decoded from the same noise at each validation, as a grid OUTPUT.STEP.png");
    option("train", train, "the loop");
  }
};

int main(int argc, char** argv) {
  Tool tool({.name = "nf-train",
             .summary = "Fit a normalizing flow to data by maximum likelihood.",
             .example = "nf-train digits.h5 -c data/experiments/digits.json -o teacher.h5"});
  const auto& path = tool.input("data", "a dataset");
  const auto& verify = tool.flag("verify", int64_t{64},
                                 "examples whose round trip is checked at the end; 0: no checks");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const Dataset data = open_dataset(path);
    const Batches batches(data, run, options.flip);
    const auto flow = normalizing_flows().make(options.flow, data.space);
    flow->to(run.device);

    const Likelihood nll(options.loss, data, run.random);
    require_option(options.validation_rows > 0, "option 'validation_rows' must be positive, found ",
                   options.validation_rows);
    require_option(verify >= 0, "--verify must be 0 or more, found ", verify);
    const std::vector<int64_t>& shape = data.space.shape;
    const bool visible = shape.size() == 3 && (shape[0] == 1 || shape[0] == 3);
    require_option(options.previews == 0 || (options.previews > 0 && visible),
                   "option 'previews' must be 0, or so many images of one channel or three");
    const auto loss = [&](const Tensor& rows) { return nll(*flow, batches.draw(rows), rows); };
    json checks = json::object();
    const auto validate = [&](int64_t step) {
      nll.learn_prior(*flow, data, run.device);
      flow->eval();
      const json numbers = nll.measure(*flow, data, options.validation_rows, run);
      if (options.previews > 0) write_preview(*flow, data, options.previews, step, run);
      if (step == options.train.steps && verify > 0 && run.leads()) {
        const Tensor rows = held_out_rows(data, options.validation_rows);
        const Tensor codes = nll.codes(*flow, data, rows, run.device);
        const Tensor label = data.labels.index_select(0, rows);
        checks["verification"] = round_trips(*flow, data, verify, run.device);
        if (rows.size(0) > 1)
          checks["gaussianity"] = gaussianity(codes, label, data.space.classes, run.random);
      }
      flow->train();
      return numbers;
    };
    auto [block, numbers] = train(*flow, loss, options.train, run, "", {.validate = validate});
    for (const auto& [name, found] : checks.items())
      run.log->say(name + ": " + brief(found).dump());

    block.net = write_options(options)["flow"];
    Checkpoint teacher{.kind = "normalizing-flow", .space = data.space, .blocks = {block}};
    teacher.facts = carried_on(data.label);
    teacher.facts["eta"] = nll.eta(), teacher.facts["noise"] = options.loss.noise;
    teacher.facts["label_drop"] = options.loss.label_drop;
    teacher.facts["numbers"] = numbers;
    teacher.facts.update(checks);
    write_checkpoint(run, teacher, {data.label});
  });
}
