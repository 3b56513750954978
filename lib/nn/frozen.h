// Weights of trained convolutional networks, for evaluation only.
#pragma once
#include "base/types.h"

namespace couplet {

/// Tensors by name, with the name of the network that they should be, for messages.
struct FrozenWeights {
  const Tensors& weights;
  std::string network;

  /// In double. Errors: a tensor that is missing or has other sizes.
  Tensor take(const std::string& name, const std::vector<int64_t>& sizes) const;

  /// A convolution ("<convolution>.weight", of these sizes, without bias) and the batch norm after
  /// it ("<norm>.weight", …) as one: W g / sqrt(v + epsilon) and b - m g / sqrt(v + epsilon), in
  /// float, W with channels last.
  struct Convolution {
    Tensor weight, bias;
  };
  Convolution convolution(const std::string& convolution, const std::string& norm,
                          const std::vector<int64_t>& sizes, double epsilon) const;
};

}  // namespace couplet
