// The plain perceptron of local flow matching's vectors (Xu, Cheng and Xie, 2410.02548).
#pragma once
#include "nn/backbone.h"

namespace couplet {

struct PerceptronOptions {
  int64_t hidden = 256, depth = 3;
  std::string activation = "softplus";
  void describe(auto&& option) {
    option("hidden", hidden, "width of a hidden layer");
    option("depth", depth, "hidden layers");
    option("activation", activation, "softplus (beta = 20), relu, elu or silu");
  }
};

/// Any shape, flattened, with t as column 0 of the first layer; no norm, no residual, PyTorch's
/// usual initialisation. What the papers' network has not starts at zero and adds to the first
/// layer: a label (where the space has classes) and clocks
/// after the first. BadOption where the options do
/// not fit.
std::shared_ptr<Backbone> make_perceptron(const PerceptronOptions& options, const Space& space,
                                          int64_t clocks);

}  // namespace couplet
