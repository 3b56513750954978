#include "eval/features.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "base/error.h"
#include "base/threads.h"
#include "eval/extractors/classifier.h"
#include "eval/extractors/efficientnet.h"
#include "eval/extractors/inception.h"
#include "eval/extractors/pixels.h"
#include "eval/extractors/torchscript.h"
#include "eval/inception_input.h"
#include "formats/torch_file.h"
#include "formats/weight_file.h"
#include "io/artifact.h"

namespace couplet {

Extracted by_blocks(const Tensor& x, int64_t rows, c10::Device device,
                    const std::function<Extracted(const Tensor& block)>& f) {
  const std::vector<Tensor> blocks = x.split(rows);
  std::vector<Tensor> features(blocks.size()), logits(blocks.size());
  const auto extract = [&](size_t i) {
    const at::NoGradGuard no_grad;
    const int64_t n = blocks[i].size(0);
    const Tensor row = at::arange(rows, at::TensorOptions(at::kLong).device(x.device()));
    const bool full = n == rows || n == 0;
    const auto [found, classes] =
        f((full ? blocks[i] : blocks[i].index_select(0, row.clamp_max(n - 1))).to(device));
    features[i] = found.slice(0, 0, n);
    if (classes.defined()) logits[i] = classes.slice(0, 0, n);
  };
  if (device.is_cpu()) {
    const int64_t count = std::ssize(blocks), n = std::min<int64_t>(count, at::get_num_threads());
    SideBySide{n}([&](int64_t thread) {
      const OneThread one;
      for (int64_t i = thread; i < count; i += n) extract(i);
    });
  } else {
    for (size_t i = 0; i < blocks.size(); ++i) extract(i);
  }
  return {at::cat(features), logits[0].defined() ? at::cat(logits) : Tensor()};
}

namespace {

/// Which network's a file is, by what is in it.
std::string extractor_of(const std::string& file) {
  if (file.empty()) return "pixels";
  if (is_artifact(file)) return "classifier";
  if (is_torchscript(file)) return "torchscript";
  return read_weight_file(file).tensors.contains("_conv_stem.weight") ? "efficientnet"
                                                                      : "inception";
}

}  // namespace

std::vector<NetworkProtocol> variants(const std::string& file, const NetworkProtocol& base) {
  const std::string name = extractor_of(file);
  require_option(name != "pixels" && name != "classifier",
                 "--compare-protocols needs --features of Inception or another published network");
  require_option(base.quantise && base.input == NetworkProtocol().input,
                 "options 'quantise' and 'input' have no effect with --compare-protocols, which "
                 "tells of all");
  std::vector<NetworkProtocol> all;
  for (const bool quantise : {true, false}) {
    for (const InceptionInput& input : inception_inputs()) {
      if (name != "inception" && input.name != NetworkProtocol().input) continue;
      all.push_back(base);
      all.back().input = input.name, all.back().quantise = quantise;
    }
  }
  return all;
}

Extractors extractors_of(const std::string& file, const NetworkProtocol& how, c10::Device device) {
  const std::string name = extractor_of(file);
  const NetworkProtocol usual;
  require_option(name == "inception" || (how.input == usual.input && how.layer == usual.layer),
                 "options 'input' and 'layer' have no effect without Inception");
  require_option(name == "torchscript" || how.range == usual.range,
                 "option 'range' has no effect without TorchScript");
  require_option((name != "pixels" && name != "classifier") || how.quantise,
                 "option 'quantise' has no effect without a published network");
  Extractors all{{"pixels", make_pixels(device)}};
  if (name == "classifier") all[name] = make_classifier_features(file, device);
  if (name == "inception") all[name] = make_inception(file, how, device);
  if (name == "efficientnet") all[name] = make_efficientnet(file, how, device);
  if (name == "torchscript") all[name] = make_torchscript(file, how, device);
  return all;
}

}  // namespace couplet
