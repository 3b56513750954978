#include "nn/efficientnet.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "nn/frozen.h"

namespace couplet {

namespace {

using Step = std::function<Tensor(const Tensor&)>;

constexpr double kEpsilon = 1e-3;

/// TensorFlow's "SAME": as many outputs as ceil(size / stride), the odd zero after the image.
Tensor padded(const Tensor& x, int64_t kernel, int64_t stride) {
  const auto missing = [&](int64_t size) {
    return std::max<int64_t>(0, ((size + stride - 1) / stride - 1) * stride + kernel - size);
  };
  const int64_t h = missing(x.size(2)), w = missing(x.size(3));
  if (h == 0 && w == 0) return x;
  return at::constant_pad_nd(x, {w / 2, w - w / 2, h / 2, h - h / 2});
}

struct Parts {
  FrozenWeights weights;

  /// Convolution and batch norm; relu6 where active. A depthwise one has a filter a channel.
  Step unit(const std::string& convolution, const std::string& norm, int64_t in, int64_t out,
            int64_t kernel = 1, int64_t stride = 1, bool active = true,
            bool depthwise = false) const {
    const auto [W, b] =
        weights.convolution(convolution, norm, {out, depthwise ? 1 : in, kernel, kernel}, kEpsilon);
    const int64_t groups = depthwise ? in : 1;
    return [W = W, b = b, kernel, stride, active, groups](const Tensor& x) {
      const Tensor y = at::conv2d(padded(x, kernel, stride), W, b, {stride, stride},
                                  at::IntArrayRef({0, 0}), {1, 1}, groups);
      return active ? y.clamp_(0, 6) : y;
    };
  }

  /// An inverted residual: wider by a factor, a filter a channel, narrow again.
  Step block(int64_t number, int64_t in, int64_t out, int64_t factor, int64_t kernel,
             int64_t stride) const {
    const std::string at = text("_blocks.", number, ".");
    const int64_t wide = in * factor;
    std::vector<Step> steps;
    if (factor > 1) steps.push_back(unit(at + "_expand_conv", at + "_bn0", in, wide));
    steps.push_back(unit(at + "_depthwise_conv", at + "_bn1", wide, wide, kernel, stride,
                         /*active=*/true, /*depthwise=*/true));
    steps.push_back(unit(at + "_project_conv", at + "_bn2", wide, out, 1, 1, /*active=*/false));
    const bool around = stride == 1 && in == out;
    return [steps, around](const Tensor& x) {
      Tensor y = x;
      for (const Step& step : steps) y = step(y);
      return around ? y + x : y;
    };
  }
};

}  // namespace

EfficientNetLite0::EfficientNetLite0(const Tensors& weights) {
  const Parts p{{weights, "EfficientNet-Lite0"}};
  steps_.push_back(p.unit("_conv_stem", "_bn0", 3, 32, 3, 2));
  struct Stage {
    int64_t blocks, out, factor, kernel, stride;
  };
  int64_t number = 0, in = 32;
  for (const auto& [blocks, out, factor, kernel, stride] : {Stage{1, 16, 1, 3, 1},
                                                            {2, 24, 6, 3, 2},
                                                            {2, 40, 6, 5, 2},
                                                            {3, 80, 6, 3, 2},
                                                            {3, 112, 6, 5, 1},
                                                            {4, 192, 6, 5, 2},
                                                            {1, 320, 6, 3, 1}}) {
    for (int64_t i = 0; i < blocks; ++i, in = out) {
      steps_.push_back(p.block(number++, in, out, factor, kernel, i == 0 ? stride : 1));
    }
  }
  steps_.push_back(p.unit("_conv_head", "_bn1", in, 1280));
  classes_ = p.weights.take("_fc.weight", {1000, 1280}).to(at::kFloat);
  bias_ = p.weights.take("_fc.bias", {1000}).to(at::kFloat);
}

Tensor EfficientNetLite0::features(const Tensor& x) const {
  const at::NoGradGuard no_grad;
  Tensor h = x.contiguous(at::MemoryFormat::ChannelsLast);
  for (const auto& step : steps_) h = step(h);
  return h.mean(at::IntArrayRef{2, 3});
}

Tensor EfficientNetLite0::logits(const Tensor& features) const {
  return at::linear(features, classes_, bias_);
}

}  // namespace couplet
