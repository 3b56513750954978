#include "eval/image_levels.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

Tensor image_levels(const Tensor& x, bool quantise) {
  const int64_t channels = x.dim() == 4 ? x.size(1) : 0;
  require(channels == 1 || channels == 3,
          "this network sees images of one channel or three, found examples of shape ",
          x.sizes().slice(1));
  const Tensor levels = (x + 1) * 127.5;
  return (quantise ? levels.round().clamp(0, 255) : levels).expand({-1, 3, -1, -1});
}

}  // namespace couplet
