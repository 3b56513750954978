#include "losses/classification.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

Tensor moved(const Tensor& images, const Tensor& offsets) {
  const int64_t n = images.size(0), channels = images.size(1);
  const int64_t h = images.size(2), w = images.size(3);
  // Pixel (y, x) is read from (y - dy, x - dx), or its nearest one on the border.
  const auto whole = offsets.options();
  const Tensor y = (at::arange(h, whole) - offsets.select(1, 0).unsqueeze(1)).clamp(0, h - 1);
  const Tensor x = (at::arange(w, whole) - offsets.select(1, 1).unsqueeze(1)).clamp(0, w - 1);
  const Tensor from = (y.unsqueeze(2) * w + x.unsqueeze(1)).view({n, 1, h * w});
  return images.flatten(2).gather(2, from.expand({n, channels, h * w})).view(images.sizes());
}

Classification::Classification(const ClassificationOptions& options, const Space& space,
                               const Random& random)
    : options_(options), shift_(random.stream("shift")) {
  require_option(options.shift == 0 || (options.shift > 0 && space.shape.size() == 3),
                 "option 'loss.shift' must be 0, or so many pixels of images");
  require_option(options.smoothing >= 0 && options.smoothing < 1,
                 "option 'loss.smoothing' must be in [0, 1), found ", options.smoothing);
}

Tensor Classification::operator()(const Classifier& net, const Tensor& x, const Tensor& label,
                                  const Tensor& rows) const {
  Tensor seen = x;
  if (options_.shift > 0) {
    const double choices = static_cast<double>(2 * options_.shift + 1);
    const Tensor u = shift_.uniform(rows, {2});  // in (0, 1]
    seen = moved(x, (u * choices).ceil().to(at::kLong) - 1 - options_.shift);
  }
  return at::cross_entropy_loss(net.logits(net.features(seen)), label, {}, at::Reduction::Mean,
                                -100, options_.smoothing);
}

}  // namespace couplet
