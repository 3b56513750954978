// The Inception network of the FID: TensorFlow's graph of 2015-12-05, whose weights the user gives.
#pragma once
#include <functional>
#include <vector>

#include "base/types.h"

namespace couplet {

/// Szegedy et al. 2016 (1512.00567) as that graph has it, which is not torchvision's network:
/// averages leave the padding out, the last block takes maxima in its pool branch, 1008 classes.
/// Evaluation only: the batch norms are folded into the convolutions.
class Inception {
 public:
  /// weights: the state dict of pytorch-fid, torch-fidelity or torchmetrics
  /// ("Conv2d_1a_3x3.conv.weight", …), on the device that is wanted. Errors: a tensor that is
  /// missing or has other sizes.
  explicit Inception(const Tensors& weights);

  /// x: (N, 3, H, W), grey levels as (level - 128) / 128, H and W 299 where a FID is meant, at
  /// least
  /// 75. layer: 64, 192, 768 or 2048 -> (N, layer), means over the image.
  Tensor features(const Tensor& x, int64_t layer = 2048) const;
  /// (N, 2048) -> (N, 1008), without the bias of the classes, as Inception scores have them.
  Tensor logits(const Tensor& features) const;

  using Step = std::function<Tensor(const Tensor&)>;

 private:
  std::vector<std::pair<int64_t, Step>> stages_;  // each with the size of what it gives
  Tensor classes_;
};

}  // namespace couplet
