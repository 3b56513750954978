// The few names that every file uses.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace couplet {

using at::Tensor;
using nlohmann::json;

/// Tensors by name, as in a state dict.
using Tensors = std::map<std::string, Tensor>;

}  // namespace couplet
