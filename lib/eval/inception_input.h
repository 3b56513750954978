// Images as the Inception network of the FID is given them, which programs do differently.
#pragma once
#include <string>
#include <vector>

#include "base/types.h"

namespace couplet {

/// levels: (N, 3, H, W) float grey levels 0 .. 255 -> (N, 3, 299, 299), about -1 .. 1.
struct InceptionInput {
  std::string name;
  Tensor (*prepare)(const Tensor& levels);
};
/// "tensorflow", of the FID's own code and torch-fidelity: bilinear from pixel i in/out on, without
/// half a pixel's shift or antialiasing; "pytorch-fid": bilinear about the pixels' middles;
/// "torchmetrics": that with antialiasing; "clean-fid": bicubic with it, as PIL's (2104.11222).
const std::vector<InceptionInput>& inception_inputs();
/// Errors: BadOption.
const InceptionInput& inception_input(const std::string& name);

/// TensorFlow 1's bilinear resizing to 299 x 299: scale in/out as a float, the last pixel repeated.
Tensor resize_as_tensorflow(const Tensor& x);

}  // namespace couplet
