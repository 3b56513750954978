#include "nn/frozen.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

Tensor FrozenWeights::take(const std::string& name, const std::vector<int64_t>& sizes) const {
  const auto found = weights.find(name);
  require(found != weights.end(), "no tensor '", name, "': not ", network);
  require(found->second.sizes() == at::IntArrayRef(sizes), name, ": has sizes ",
          found->second.sizes(), ", in ", network, " ", at::IntArrayRef(sizes));
  return found->second.to(at::kDouble);
}

FrozenWeights::Convolution FrozenWeights::convolution(const std::string& convolution,
                                                      const std::string& norm,
                                                      const std::vector<int64_t>& sizes,
                                                      double epsilon) const {
  const int64_t out = sizes[0];
  const auto part = [&](const char* what) { return take(text(norm, ".", what), {out}); };
  const Tensor filters = take(convolution + ".weight", sizes);
  const Tensor scale = part("weight") / (part("running_var") + epsilon).sqrt();
  const Tensor W = filters * scale.view({out, 1, 1, 1});
  const Tensor b = part("bias") - part("running_mean") * scale;
  return {W.to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast), b.to(at::kFloat)};
}

}  // namespace couplet
