// Residual perceptron with adaptive normalisation, for vectors and small images.
#pragma once
#include "nn/backbone.h"

namespace couplet {

struct MlpOptions {
  int64_t hidden = 512, depth = 4;
  void describe(auto&& option) {
    option("hidden", hidden, "width of the residual stream");
    option("depth", depth, "residual blocks");
  }
};

/// Any shape, flattened; 1 to 3 clocks. It starts as zero. BadOption where the options do not fit.
std::shared_ptr<Backbone> make_mlp(const MlpOptions& options, const Space& space, int64_t clocks);

}  // namespace couplet
