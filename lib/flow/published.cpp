#include "flow/published.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

const std::vector<Published>& published_networks() {
  static const std::vector<Published> all = {published_tarflow, published_unet, published_dit};
  return all;
}

void need(bool given, const std::string& path, const char* what, const char* how) {
  require_option(given, path, ": does not tell ", what, "; give it: -s ", how);
}

void idle(bool given, const std::string& path, const char* option, const char* what) {
  require_option(!given, "option 'weights.", option, "' has no effect on ", path, ", a ", what);
}

std::vector<int64_t> sizes_of(const Tensors& weights, const std::string& name,
                              at::IntArrayRef expected) {
  const auto found = weights.find(name);
  require(found != weights.end(), "has no '", name, "', which such a network needs");
  bool fits = found->second.dim() == static_cast<int64_t>(expected.size());
  for (size_t i = 0; fits && i < expected.size(); ++i) {
    const int64_t size = found->second.size(i);
    fits = size > 0 && (expected[i] < 0 || size == expected[i]);
  }
  require(fits, "'", name, "' has sizes ", found->second.sizes(), ", expected ", expected,
          " (-1: any)");
  return found->second.sizes().vec();
}

bool any_below(const Tensors& weights, const std::string& prefix) {
  const auto found = weights.lower_bound(prefix);
  return found != weights.end() && found->first.starts_with(prefix);
}

int64_t count_of(const Tensors& weights, const std::string& prefix) {
  int64_t count = 0;
  while (any_below(weights, text(prefix, count, "."))) ++count;
  return count;
}

}  // namespace couplet
