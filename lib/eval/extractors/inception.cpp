#include "eval/extractors/inception.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "eval/image_levels.h"
#include "eval/inception_input.h"
#include "formats/sha256.h"
#include "formats/weight_file.h"
#include "nn/inception.h"

namespace couplet {

namespace {

// The first digits of the SHA-256 of pt_inception-2015-12-05-6726825d.pth, which its name tells.
constexpr const char* published = "6726825d";
constexpr int64_t at_once = 32;

struct InceptionFeatures : FeatureExtractor {
  std::string file;
  NetworkProtocol how;
  c10::Device device;
  InceptionInput input;
  Inception net;
  std::string hash;

  InceptionFeatures(const std::string& file, const NetworkProtocol& how, c10::Device device)
      : file(file),
        how(how),
        device(device),
        input(inception_input(how.input)),
        net(within(file, [&] { return Inception(read_weight_file(file, device).tensors); })),
        hash(sha256(file)) {
    const int64_t layer = how.layer;
    require_option(layer == 64 || layer == 192 || layer == 768 || layer == 2048,
                   "option 'layer' of inception must be 64, 192, 768 or 2048, found ", layer);
  }

  Extracted operator()(const Tensor& x) const override {
    return by_blocks(x, at_once, device, [&](const Tensor& block) -> Extracted {
      const Tensor levels = image_levels(block, how.quantise);
      const Tensor features = net.features(input.prepare(levels), how.layer);
      return {features, how.layer == 2048 ? net.logits(features) : Tensor()};
    });
  }

  json protocol() const override {
    return {{"extractor", "inception"}, {"path", file},
            {"content", hash},          {"fid", hash.starts_with(published) && how.layer == 2048},
            {"input", how.input},       {"quantised", how.quantise},
            {"layer", how.layer}};
  }
};

}  // namespace

std::shared_ptr<FeatureExtractor> make_inception(const std::string& file,
                                                 const NetworkProtocol& how, c10::Device device) {
  return std::make_shared<InceptionFeatures>(file, how, device);
}

}  // namespace couplet
