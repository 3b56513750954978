// A small classifier, whose features say how alike two sets of examples are.
#pragma once
#include <torch/nn/module.h>

#include "base/options.h"
#include "base/space.h"

namespace couplet {

struct ClassifierOptions {
  int64_t width = 32, features = 128;
  void describe(auto&& option) {
    option("width", width,
           "channels of the first stage of an image's net, doubled at each; of a vector's, a "
           "quarter of its hidden layer");
    option("features", features, "size of the layer before the last: the features");
  }
};

/// Images (C, H, W): stages of two convolutions and a pooling, until at most 7 pixels are left; all
/// other shapes: a perceptron. Nothing in it depends on the batch, in training or after.
class Classifier : public torch::nn::Module {
 public:
  Classifier(const ClassifierOptions& options, const Space& space);
  /// x: (N, *shape), in [-1, 1] -> (N, features): the layer before the last.
  Tensor features(const Tensor& x) const;
  /// features -> (N, classes): logits.
  Tensor logits(const Tensor& features) const;

 private:
  struct Layers;
  std::shared_ptr<Layers> layers_;
};

/// Errors: a space without classes.
std::shared_ptr<Classifier> make_classifier(const json& options, const Space& space);

}  // namespace couplet
