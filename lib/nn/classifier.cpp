#include "nn/classifier.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/pooling.h>

#include <algorithm>

#include "base/error.h"

namespace couplet {

namespace nn = torch::nn;

struct Classifier::Layers {
  nn::Sequential body, embed;
  nn::Linear head{nullptr};
};

namespace {

/// Group normalisation looks at one example alone: features do not depend on what else is in a
/// batch.
void add_convolution(nn::Sequential& net, int64_t in, int64_t out) {
  net->push_back(nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1).bias(false)));
  net->push_back(nn::GroupNorm(std::min<int64_t>(8, out), out));
  net->push_back(nn::ReLU());
}

/// Returns how many numbers an example has after it.
int64_t add_stages(nn::Sequential& net, const Space& space, int64_t width) {
  int64_t channels = space.shape[0], height = space.shape[1], side = space.shape[2];
  for (int64_t out = width; std::min(height, side) >= 8; out *= 2) {
    add_convolution(net, channels, out);
    add_convolution(net, channels = out, out);
    net->push_back(nn::MaxPool2d(2));
    height /= 2, side /= 2;
  }
  return channels * height * side;
}

}  // namespace

Classifier::Classifier(const ClassifierOptions& options, const Space& space)
    : layers_(std::make_shared<Layers>()) {
  require(space.classes > 1, "a classifier needs labels: the data has ", space.classes, " classes");
  require_option(options.width > 0 && options.features > 0,
                 "options 'net.width' and 'net.features' must be positive");
  auto& [body, embed, head] = *layers_;
  int64_t size = space.dims();
  if (space.shape.size() == 3) size = add_stages(body, space, options.width);
  body->push_back(nn::Flatten());
  if (space.shape.size() != 3) {
    body->push_back(nn::Linear(size, 4 * options.width));
    body->push_back(nn::GELU());
    size = 4 * options.width;
  }
  // GELU has no dead units, so that the covariance of the features has full rank.
  embed->push_back(nn::Linear(size, options.features));
  embed->push_back(nn::GELU());
  head = nn::Linear(options.features, space.classes);
  register_module("body", body);
  register_module("embed", embed);
  register_module("head", head);
}

Tensor Classifier::features(const Tensor& x) const {
  return layers_->embed->forward(layers_->body->forward(x));
}

Tensor Classifier::logits(const Tensor& features) const { return layers_->head->forward(features); }

std::shared_ptr<Classifier> make_classifier(const json& options, const Space& space) {
  return std::make_shared<Classifier>(read_options<ClassifierOptions>(options), space);
}

}  // namespace couplet
