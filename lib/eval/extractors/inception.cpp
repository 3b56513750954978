#include "eval/extractors/inception.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "eval/inception_input.h"
#include "formats/safetensors.h"
#include "formats/sha256.h"
#include "formats/torch_file.h"
#include "nn/inception.h"

namespace couplet {

namespace {

// The first digits of the SHA-256 of pt_inception-2015-12-05-6726825d.pth, which its name tells.
constexpr const char* published = "6726825d";
constexpr int64_t at_once = 32;

Tensors weights_on(const std::string& path, c10::Device device) {
  require_option(!path.empty(), "the features of Inception need a file of weights");
  Tensors weights = is_safetensors(path) ? read_safetensors(path).tensors : read_torch_file(path);
  for (auto& [name, tensor] : weights) tensor = tensor.to(device);
  return weights;
}

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
        net(within(options.file, [&] { return Inception(weights_on(options.file, device)); })),
        hash(sha256(options.file)) {
    const int64_t layer = options.how.layer;
    require_option(layer == 64 || layer == 192 || layer == 768 || layer == 2048,
                   "option 'layer' of inception must be 64, 192, 768 or 2048, found ", layer);
  }

  /// Grey levels 0 .. 255 in three channels.
  Tensor levels(const Tensor& x) const {
    const int64_t channels = x.dim() == 4 ? x.size(1) : 0;
    require(channels == 1 || channels == 3,
            "Inception sees images of one channel or three, found examples of shape ",
            x.sizes().slice(1));
    const Tensor grey = (x.to(device) + 1) * 127.5;
    return (options.how.quantise ? grey.round().clamp(0, 255) : grey).expand({-1, 3, -1, -1});
  }

  Extracted operator()(const Tensor& x) const override {
    std::vector<Tensor> features, logits;
    for (const Tensor& some : x.split(at_once)) {
      features.push_back(net.features(input.prepare(levels(some)), options.how.layer));
      if (options.how.layer == 2048) logits.push_back(net.logits(features.back()));
    }
    return {at::cat(features), logits.empty() ? Tensor() : at::cat(logits)};
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
  return std::make_shared<InceptionFeatures>(options, device);
}

}  // namespace couplet
