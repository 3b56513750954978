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
  InceptionOptions options;
  c10::Device device;
  InceptionInput input;
  Inception net;
  std::string hash;

  InceptionFeatures(const InceptionOptions& options, c10::Device device)
      : options(options),
        device(device),
        input(inception_input(options.how.input)),
        net(within(options.file,
                   [&] { return Inception(read_weight_file(options.file, device).tensors); })),
        hash(sha256(options.file)) {
    const int64_t layer = options.how.layer;
    require_option(layer == 64 || layer == 192 || layer == 768 || layer == 2048,
                   "option 'layer' of inception must be 64, 192, 768 or 2048, found ", layer);
  }

  Extracted operator()(const Tensor& x) const override {
    return by_blocks(x, at_once, device, [&](const Tensor& block) -> Extracted {
      const Tensor levels = image_levels(block, options.how.quantise);
      const Tensor features = net.features(input.prepare(levels), options.how.layer);
      return {features, options.how.layer == 2048 ? net.logits(features) : Tensor()};
    });
  }

  json protocol() const override {
    return {{"extractor", "inception"},
            {"path", options.file},
            {"content", hash},
            {"fid", hash.starts_with(published) && options.how.layer == 2048},
            {"input", options.how.input},
            {"quantised", options.how.quantise},
            {"layer", options.how.layer}};
  }
};

}  // namespace

std::shared_ptr<FeatureExtractor> make_inception(const InceptionOptions& options,
                                                 c10::Device device) {
  require_option(!options.file.empty(), "the features of Inception need a file of weights");
  return std::make_shared<InceptionFeatures>(options, device);
}

}  // namespace couplet
