#include "formats/weight_file.h"

#include <ATen/core/Tensor.h>

#include "base/error.h"
#include "formats/bytes.h"
#include "formats/arrays.h"
#include "formats/torch_file.h"

namespace couplet {

NamedTensors read_weight_file(const std::string& path, c10::Device device) {
  require(size_of_file(path) > 0 && !is_npy(path), path,
          ": no weights of a network: expected safetensors or what torch.save wrote");
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
