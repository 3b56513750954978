// Modules by the names of a published state dict.
#pragma once
#include <torch/nn/module.h>

#include <memory>
#include <string>

namespace couplet {

/// Registers a module under a dotted path ("in_layers.0"), with plain modules on the way there.
template <class M>
M place(torch::nn::Module& root, const std::string& path, M module) {
  const size_t dot = path.find('.');
  if (dot == std::string::npos) {
    root.register_module(path, module);
    return module;
  }
  const std::string first = path.substr(0, dot), rest = path.substr(dot + 1);
  const auto children = root.named_children();
  if (const auto* child = children.find(first)) return place(**child, rest, module);
  return place(*root.register_module(first, std::make_shared<torch::nn::Module>()), rest, module);
}

}  // namespace couplet
