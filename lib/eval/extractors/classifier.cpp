#include "eval/extractors/classifier.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "io/checkpoint.h"
#include "nn/classifier.h"

namespace couplet {

namespace {

constexpr int64_t at_once = 128;

struct ClassifierFeatures : FeatureExtractor {
  std::string file;
  c10::Device device;
  Checkpoint model;
  std::shared_ptr<Classifier> net;

  ClassifierFeatures(const std::string& file, c10::Device device)
      : file(file), device(device), model(read_checkpoint(file, {"classifier"})) {
    net = make_classifier(model.blocks[0].net, model.space);
    within(file, [&] { load_tensors(*net, weights_of(model.blocks[0])); });
    net->to(device);
  }

  Extracted operator()(const Tensor& x) const override {
    require(x.sizes().slice(1) == at::IntArrayRef(model.space.shape), file,
            ": is for examples of shape ", at::IntArrayRef(model.space.shape), ", found ",
            x.sizes().slice(1),
            "; give --features a classifier of this data (eval-train-features makes one)");
    return by_blocks(x, at_once, device, [&](const Tensor& block) -> Extracted {
      const Tensor features = net->features(block);
      return {features, net->logits(features)};
    });
  }

  bool knows_labels() const override { return true; }

  json protocol() const override {
    return {{"extractor", "classifier"},
            {"path", file},
            {"content", model.label.content},
            {"test_accuracy", model.facts.value("test_accuracy", json())}};
  }
};

}  // namespace

std::shared_ptr<FeatureExtractor> make_classifier_features(const std::string& file,
                                                           c10::Device device) {
  return std::make_shared<ClassifierFeatures>(file, device);
}

}  // namespace couplet
