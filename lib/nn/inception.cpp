#include "nn/inception.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "nn/frozen.h"

namespace couplet {

namespace {

using Step = Inception::Step;

constexpr double kEpsilon = 1e-3;

Step chain(const std::vector<Step>& steps) {
  return [steps](Tensor x) {
    for (const Step& step : steps) x = step(x);
    return x;
  };
}

/// All branches of one input, side by side.
Step beside(const std::vector<Step>& branches) {
  return [branches](const Tensor& x) {
    std::vector<Tensor> parts;
    for (const Step& branch : branches) parts.push_back(branch(x));
    return at::cat(parts, 1);
  };
}

Tensor halved(const Tensor& x) { return at::max_pool2d(x, {3, 3}, {2, 2}); }
Tensor maxima(const Tensor& x) { return at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1}); }
Tensor averages(const Tensor& x) {
  return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, /*ceil_mode=*/false,
                        /*count_include_pad=*/false);
}

/// The network's parts, each of which takes its weights by name.
struct Parts {
  FrozenWeights weights;

  /// Convolution, batch norm and relu: y = relu(g (W x - m) / sqrt(v + eps) + b). Its padding keeps
  /// the image's size, or there is none.
  Step unit(const std::string& name, int64_t in, int64_t out, std::pair<int64_t, int64_t> kernel,
            bool padded = true, int64_t stride = 1) const {
    const auto [h, w] = kernel;
    const auto [W, b] =
        weights.convolution(name + ".conv", name + ".bn", {out, in, h, w}, kEpsilon);
    const std::vector<int64_t> padding = {padded ? h / 2 : 0, padded ? w / 2 : 0};
    return [W = W, b = b, padding, stride](const Tensor& x) {
      return at::conv2d(x, W, b, {stride, stride}, padding).relu_();
    };
  }
  Step halving(const std::string& name, int64_t in, int64_t out) const {
    return unit(name, in, out, {3, 3}, /*padded=*/false, /*stride=*/2);
  }

  Step mixed5(const std::string& at, int64_t in, int64_t pooled) const {
    return beside({unit(at + ".branch1x1", in, 64, {1, 1}),
                   chain({unit(at + ".branch5x5_1", in, 48, {1, 1}),
                          unit(at + ".branch5x5_2", 48, 64, {5, 5})}),
                   chain({unit(at + ".branch3x3dbl_1", in, 64, {1, 1}),
                          unit(at + ".branch3x3dbl_2", 64, 96, {3, 3}),
                          unit(at + ".branch3x3dbl_3", 96, 96, {3, 3})}),
                   chain({averages, unit(at + ".branch_pool", in, pooled, {1, 1})})});
  }

  Step mixed6a() const {
    const std::string at = "Mixed_6a";
    return beside({halving(at + ".branch3x3", 288, 384),
                   chain({unit(at + ".branch3x3dbl_1", 288, 64, {1, 1}),
                          unit(at + ".branch3x3dbl_2", 64, 96, {3, 3}),
                          halving(at + ".branch3x3dbl_3", 96, 96)}),
                   halved});
  }

  Step mixed6(const std::string& at, int64_t c) const {
    return beside(
        {unit(at + ".branch1x1", 768, 192, {1, 1}),
         chain({unit(at + ".branch7x7_1", 768, c, {1, 1}), unit(at + ".branch7x7_2", c, c, {1, 7}),
                unit(at + ".branch7x7_3", c, 192, {7, 1})}),
         chain({unit(at + ".branch7x7dbl_1", 768, c, {1, 1}),
                unit(at + ".branch7x7dbl_2", c, c, {7, 1}),
                unit(at + ".branch7x7dbl_3", c, c, {1, 7}),
                unit(at + ".branch7x7dbl_4", c, c, {7, 1}),
                unit(at + ".branch7x7dbl_5", c, 192, {1, 7})}),
         chain({averages, unit(at + ".branch_pool", 768, 192, {1, 1})})});
  }

  Step mixed7a() const {
    const std::string at = "Mixed_7a";
    return beside({chain({unit(at + ".branch3x3_1", 768, 192, {1, 1}),
                          halving(at + ".branch3x3_2", 192, 320)}),
                   chain({unit(at + ".branch7x7x3_1", 768, 192, {1, 1}),
                          unit(at + ".branch7x7x3_2", 192, 192, {1, 7}),
                          unit(at + ".branch7x7x3_3", 192, 192, {7, 1}),
                          halving(at + ".branch7x7x3_4", 192, 192)}),
                   halved});
  }

  Step mixed7(const std::string& at, int64_t in, const Step& pool) const {
    const auto both = [&](const std::string& name) {
      return beside({unit(name + "a", 384, 384, {1, 3}), unit(name + "b", 384, 384, {3, 1})});
    };
    return beside(
        {unit(at + ".branch1x1", in, 320, {1, 1}),
         chain({unit(at + ".branch3x3_1", in, 384, {1, 1}), both(at + ".branch3x3_2")}),
         chain({unit(at + ".branch3x3dbl_1", in, 448, {1, 1}),
                unit(at + ".branch3x3dbl_2", 448, 384, {3, 3}), both(at + ".branch3x3dbl_3")}),
         chain({pool, unit(at + ".branch_pool", in, 192, {1, 1})})});
  }
};

}  // namespace

Inception::Inception(const Tensors& weights) {
  const Parts p{{weights, "the FID's Inception network"}};
  stages_ = {{64, chain({p.halving("Conv2d_1a_3x3", 3, 32),
                         p.unit("Conv2d_2a_3x3", 32, 32, {3, 3}, /*padded=*/false),
                         p.unit("Conv2d_2b_3x3", 32, 64, {3, 3}), halved})},
             {192, chain({p.unit("Conv2d_3b_1x1", 64, 80, {1, 1}),
                          p.unit("Conv2d_4a_3x3", 80, 192, {3, 3}, /*padded=*/false), halved})},
             {768, chain({p.mixed5("Mixed_5b", 192, 32), p.mixed5("Mixed_5c", 256, 64),
                          p.mixed5("Mixed_5d", 288, 64), p.mixed6a(), p.mixed6("Mixed_6b", 128),
                          p.mixed6("Mixed_6c", 160), p.mixed6("Mixed_6d", 160),
                          p.mixed6("Mixed_6e", 192)})},
             {2048, chain({p.mixed7a(), p.mixed7("Mixed_7b", 1280, averages),
                           p.mixed7("Mixed_7c", 2048, maxima)})}};
  p.weights.take("fc.bias", {1008});
  classes_ = p.weights.take("fc.weight", {1008, 2048}).to(at::kFloat);
}

Tensor Inception::features(const Tensor& x, int64_t layer) const {
  const at::NoGradGuard no_grad;
  Tensor h = x.contiguous(at::MemoryFormat::ChannelsLast);
  for (const auto& [size, stage] : stages_) {
    h = stage(h);
    if (size == layer) return h.mean(at::IntArrayRef{2, 3});
  }
  throw BadOption(
      text("Inception has no layer of ", layer, " features (there are: 64, 192, 768, 2048)"));
}

Tensor Inception::logits(const Tensor& features) const { return at::linear(features, classes_); }

}  // namespace couplet
