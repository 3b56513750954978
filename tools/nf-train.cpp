// nf-train: fit a normalizing flow to data by maximum likelihood.
#include "app/tool.h"
#include "data/batches.h"
#include "losses/likelihood.h"
#include "train/trainer.h"
using namespace couplet;

struct Options {
  Component flow{normalizing_flows(), "tarflow"};
  LikelihoodOptions loss;
  bool flip = false;
  int64_t validation_rows = 2000;
  TrainOptions train;
  void describe(auto&& option) {
    option("flow", flow, "the normalizing flow");
    option("loss", loss, "what is minimised");
    option("flip", flip, "mirror half of the images left to right");
    option("validation_rows", validation_rows, "rows of each split that a validation reads");
    option("train", train, "the loop");
  }
};

int main(int argc, char** argv) {
  Tool tool({.name = "nf-train",
             .summary = "Fit a normalizing flow to data by maximum likelihood.",
             .example = "nf-train digits.h5 -c data/experiments/digits.json -o teacher.h5"});
  const auto& path = tool.input("data", "a dataset");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const Dataset data = open_dataset(path);
    const Batches batches(data, run, options.flip);
    const auto flow = normalizing_flows().make(options.flow, data.space);
    flow->to(run.device);

    const Likelihood nll(options.loss, run.random);
    const auto loss = [&](const Tensor& rows) { return nll(*flow, batches.draw(rows), rows); };
    const auto validate = [&] {
      json numbers;
      const auto measure = [&](const std::string& split, int64_t begin, int64_t end) {
        if (begin == end) return;
        end = std::min(end, begin + options.validation_rows);
        const double nats = mean_nll(*flow, data, begin, end, options.loss.eta,
                                     run.random.stream("validation"), run.device);
        numbers["nll_" + split] = nats;
        if (data.is_bytes()) numbers["bits_" + split] = bits_per_dim(nats, data.scaling.scale);
      };
      measure("train", 0, data.train);
      measure("test", data.train, data.rows());
      return numbers;
    };
    auto [block, numbers] = train(*flow, loss, options.train, run, "", {.validate = validate});

    block.net = write_options(options)["flow"];
    Checkpoint teacher{.kind = "normalizing-flow", .space = data.space, .blocks = {block}};
    teacher.facts = carried_on(data.label);
    teacher.facts["eta"] = options.loss.eta;
    teacher.facts["numbers"] = numbers;
    write_checkpoint(run, teacher, {data.label});
  });
}
