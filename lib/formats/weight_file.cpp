#include "formats/weight_file.h"

#include <ATen/core/Tensor.h>

#include "formats/torch_file.h"

namespace couplet {

NamedTensors read_weight_file(const std::string& path, c10::Device device) {
  NamedTensors file;
  if (is_safetensors(path)) {
    file = read_safetensors(path);
  } else {
    file.tensors = read_torch_file(path);
  }
  for (auto& [name, tensor] : file.tensors) tensor = tensor.to(device);
  return file;
}

}  // namespace couplet
