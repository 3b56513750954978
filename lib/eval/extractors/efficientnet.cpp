#include "eval/extractors/efficientnet.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "eval/image_levels.h"
#include "formats/sha256.h"
#include "formats/weight_file.h"
#include "nn/efficientnet.h"

namespace couplet {

namespace {

constexpr int64_t at_once = 32, side = 224;

struct EfficientNetFeatures : FeatureExtractor {
  EfficientNetOptions options;
  c10::Device device;
  EfficientNetLite0 net;
  std::string hash;

  EfficientNetFeatures(const EfficientNetOptions& options, c10::Device device)
      : options(options),
        device(device),
        net(within(
            options.file,
            [&] { return EfficientNetLite0(read_weight_file(options.file, device).tensors); })),
        hash(sha256(options.file)) {}

  Extracted operator()(const Tensor& x) const override {
    return by_blocks(x, at_once, device, [&](const Tensor& block) -> Extracted {
      const Tensor levels = image_levels(block, options.how.quantise);
      const Tensor resized = at::upsample_bicubic2d(levels, {side, side}, /*align_corners=*/false);
      const Tensor features = net.features((resized - 127) / 128);
      return {features, net.logits(features)};
    });
  }

  json protocol() const override {
    return {{"extractor", "efficientnet-lite0"},
            {"path", options.file},
            {"content", hash},
            {"input", "bicubic"},
            {"quantised", options.how.quantise}};
  }
};

}  // namespace

std::shared_ptr<FeatureExtractor> make_efficientnet(const EfficientNetOptions& options,
                                                    c10::Device device) {
  require_option(!options.file.empty(), "the features of EfficientNet need a file of weights");
  return std::make_shared<EfficientNetFeatures>(options, device);
}

}  // namespace couplet
