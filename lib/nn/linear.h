// A linear layer as one operation.
#pragma once
#include <ATen/ops/linear.h>
#include <torch/nn/modules/linear.h>

namespace couplet {

/// x W^T + b. The module's own call is a product and a sum for x of more than two dimensions, and
/// hides the weight from autocast's cache, so that it is cast anew each time.
inline at::Tensor linear(const torch::nn::Linear& layer, const at::Tensor& x) {
  return at::linear(x, layer->weight, layer->bias);
}

}  // namespace couplet
