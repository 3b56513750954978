// nf-train: fit a normalizing flow to data by maximum likelihood.
#include "app/tool.h"
#include "data/batches.h"
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
  const auto& verify = tool.flag("verify", int64_t{64}, "examples whose round trip is checked");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const Dataset data = open_dataset(path);
    const Batches batches(data, run, options.flip);
    const auto flow = normalizing_flows().make(options.flow, data.space);
    flow->to(run.device);

    const Likelihood nll(options.loss, data, run.random);
    require_option(verify >= 0, "--verify must be 0 or more, found ", verify);
    require_option(options.previews == 0 || data.space.shape.size() == 3,
                   "option 'previews' needs images");
    const auto loss = [&](const Tensor& rows) { return nll(*flow, batches.draw(rows), rows); };
    json verification;
    const auto validate = [&](int64_t step) {
      nll.learn_prior(*flow, data, run.device);
      flow->eval();
      const json numbers = nll.measure(*flow, data, options.validation_rows, run.device);
      if (options.previews > 0) write_preview(*flow, data, options.previews, step, run);
      if (step == options.train.steps && verify > 0) {
        verification = round_trips(*flow, data, verify, run.device);
      }
      flow->train();
      return numbers;
    };
    auto [block, numbers] = train(*flow, loss, options.train, run, "", {.validate = validate});
    if (verify > 0) run.log->say("decode(encode(x)) - x: " + verification.dump());

    block.net = write_options(options)["flow"];
    Checkpoint teacher{.kind = "normalizing-flow", .space = data.space, .blocks = {block}};
    teacher.facts = carried_on(data.label);
    teacher.facts["eta"] = nll.eta(), teacher.facts["noise"] = options.loss.noise;
    teacher.facts["numbers"] = numbers;
    if (verify > 0) teacher.facts["verification"] = verification;
    write_checkpoint(run, teacher, {data.label});
  });
}
