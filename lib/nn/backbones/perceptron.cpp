#include "nn/backbones/perceptron.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

#include "base/named.h"
#include "nn/embedding.h"
#include "nn/place.h"

namespace couplet {

namespace {

using torch::nn::Linear;
using Activation = Tensor (*)(const Tensor& h);

const std::map<std::string, Activation>& activations() {
  static const std::map<std::string, Activation> all = {
      {"softplus", [](const Tensor& h) { return at::softplus(h, 20); }},
      {"relu", [](const Tensor& h) { return at::relu(h); }},
      {"elu", [](const Tensor& h) { return at::elu(h); }},
      {"silu", [](const Tensor& h) { return at::silu(h); }},
  };
  return all;
}

class Perceptron : public Backbone {
 public:
  Perceptron(const PerceptronOptions& o, const Space& space, int64_t clocks)
      : activation_(named(activations(), "activation", o.activation)) {
    const at::NoGradGuard no_grad;
    int64_t in = space.dims() + 1;
    for (int64_t i = 0; i < o.depth; ++i, in = o.hidden) {
      layers_.push_back(place(*this, text("layers.", i), Linear(in, o.hidden)));
    }
    layers_.push_back(place(*this, text("layers.", o.depth), Linear(in, space.dims())));
    for (int64_t k = 1; k < clocks; ++k) {
      const auto from_one = torch::nn::LinearOptions(1, o.hidden).bias(false);
      further_.push_back(place(*this, k == 1 ? "second_clock" : "third_clock", Linear(from_one)));
      further_.back()->weight.zero_();
    }
    if (space.classes > 0) {
      labels_ = place(*this, "label", torch::nn::Embedding(space.classes + 1, o.hidden));
      labels_->weight.zero_();
    }
  }

  Tensor forward(const Tensor& x, const Tensor& times, const Tensor& label) override {
    Tensor h = layers_[0](at::cat({times.slice(1, 0, 1), x.flatten(1)}, 1));
    for (size_t k = 0; k < further_.size(); ++k) {
      const auto clock = static_cast<int64_t>(k) + 1;
      h = h + further_[k](times.slice(1, clock, clock + 1));
    }
    if (labels_) h = h + label_or_null_row(labels_->weight, label);
    for (size_t i = 1; i < layers_.size(); ++i) h = layers_[i](activation_(h));
    return h.reshape(x.sizes());
  }

 private:
  Activation activation_;
  std::vector<Linear> layers_;
  std::vector<Linear> further_;  // of clocks after the first
  torch::nn::Embedding labels_{nullptr};
};

}  // namespace

std::shared_ptr<Backbone> make_perceptron(const PerceptronOptions& o, const Space& space,
                                          int64_t clocks) {
  require_option(o.hidden > 0 && o.depth > 0,
                 "backbone perceptron: 'hidden' and 'depth' must be positive");
  require_option(clocks >= 1 && clocks <= 3, "backbone perceptron reads 1 to 3 clocks, found ",
                 clocks);
  return std::make_shared<Perceptron>(o, space, clocks);
}

}  // namespace couplet
