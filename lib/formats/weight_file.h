// Files of trained weights of other programs, whichever of their formats.
#pragma once
#include <c10/core/Device.h>

#include "formats/safetensors.h"

namespace couplet {

/// Reads .safetensors, or PyTorch's .pth as data, onto a device. Errors: what either reader finds.
NamedTensors read_weight_file(const std::string& path, c10::Device device = c10::kCPU);

}  // namespace couplet
