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
  std::string file;
  NetworkProtocol how;
  c10::Device device;
  EfficientNetLite0 net;
  std::string hash;

  EfficientNetFeatures(const std::string& file, const NetworkProtocol& how, c10::Device device)
      : file(file),
        how(how),
        device(device),
        net(within(file,
                   [&] { return EfficientNetLite0(read_weight_file(file, device).tensors); })),
        hash(sha256(file)) {}

  Extracted operator()(const Tensor& x) const override {
    return by_blocks(x, at_once, device, [&](const Tensor& block) -> Extracted {
      const Tensor levels = image_levels(block, how.quantise);
      const Tensor resized = at::upsample_bicubic2d(levels, {side, side}, /*align_corners=*/false);
      const Tensor features = net.features((resized - 127) / 128);
      return {features, net.logits(features)};
    });
  }

  json protocol() const override {
    return {{"extractor", "efficientnet-lite0"},
            {"path", file},
            {"content", hash},
            {"input", "bicubic"},
            {"quantised", how.quantise}};
  }
};

}  // namespace

std::shared_ptr<FeatureExtractor> make_efficientnet(const std::string& file,
                                                    const NetworkProtocol& how,
                                                    c10::Device device) {
  return std::make_shared<EfficientNetFeatures>(file, how, device);
}

}  // namespace couplet
