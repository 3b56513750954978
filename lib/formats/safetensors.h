// safetensors: named tensors behind a JSON header.
#pragma once
#include "base/types.h"

namespace couplet {

/// Tensors, each of its own type, and texts that say what they are.
struct NamedTensors {
  Tensors tensors;
  std::map<std::string, std::string> metadata;
};

bool is_safetensors(const std::string& path);

/// Errors: a header that does not fit the data; types that tensors cannot hold.
NamedTensors read_safetensors(const std::string& path);
/// The tensors lie in the order of their names.
void write_safetensors(const std::string& path, const NamedTensors& contents);

}  // namespace couplet
