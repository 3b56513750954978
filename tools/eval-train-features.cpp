// eval-train-features: train a small classifier whose features eval-fid compares examples by.
#include "app/tool.h"
#include "data/batches.h"
#include "eval/accuracy.h"
#include "losses/classification.h"
#include "train/trainer.h"
using namespace couplet;

struct Options {
  ClassifierOptions net;
  ClassificationOptions loss;
  bool flip = false;
  TrainOptions train;
  void describe(auto&& option) {
    option("net", net, "the classifier");
    option("loss", loss, "what is minimised");
    option("flip", flip, "mirror half of the images left to right");
    option("train", train, "the loop");
  }
};

int main(int argc, char** argv) {
  Tool tool({.name = "eval-train-features",
             .summary = "Train a small classifier of a dataset, for eval-fid's features.",
             .example = "eval-train-features digits.h5 -s train.steps=3000 -o features.h5"});
  const auto& path = tool.input("data", "a dataset with labels");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const Dataset data = open_dataset(path);
    split_rows(data, "test");
    const int64_t without = data.labels.slice(0, 0, data.train).lt(0).nonzero().size(0);
    require(without == 0, path, ": has ", without, " rows for training without a label");
    const Batches batches(data, run, options.flip);
    const auto net = make_classifier(write_options(options.net), data.space);
    net->to(run.device);

    const Classification loss(options.loss, data.space, run.random);
    const auto fit = [&](const Tensor& rows) {
      const auto [x, label] = batches.draw(rows);
      return loss(*net, x, label, rows);
    };
    TrainHooks hooks;
    hooks.validate = [&](int64_t) {
      return json{{"train_accuracy", accuracy(*net, data, "train", run.device)},
                  {"test_accuracy", accuracy(*net, data, "test", run.device)}};
    };
    const auto [block, numbers] = train(*net, fit, options.train, run, "", hooks);

    Checkpoint model;
    model.kind = "classifier", model.space = data.space;
    // Only the weights in use are kept: these files are small.
    model.blocks.push_back({write_options(options.net), weights_of(block), {}});
    model.facts = carried_on(data.label);
    model.facts["test_accuracy"] = numbers.at("test_accuracy");
    model.facts["numbers"] = numbers;
    write_checkpoint(run, model, {data.label});
  });
}
