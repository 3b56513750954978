#include "eval/features.h"

#include "base/error.h"
#include "eval/extractors/classifier.h"
#include "eval/extractors/inception.h"
#include "eval/extractors/pixels.h"
#include "eval/extractors/torchscript.h"
#include "eval/inception_input.h"
#include "formats/torch_file.h"
#include "io/artifact.h"

namespace couplet {

const Registry<FeatureExtractor, c10::Device>& extractors() {
  static const Registry<FeatureExtractor, c10::Device> table(
      "feature extractor",
      {
          {"pixels", "the numbers themselves", make_pixels},
          {"classifier", "the layer before the last of a classifier", make_classifier_features},
          {"inception", "the FID's network", make_inception},
          {"torchscript", "any network that PyTorch has saved", make_torchscript},
      });
  return table;
}

std::vector<NetworkProtocol> variants(const std::string& file) {
  require_option(!file.empty() && !is_artifact(file),
                 "--compare-protocols needs --features of Inception or TorchScript");
  std::vector<NetworkProtocol> all;
  for (const bool quantise : {true, false}) {
    for (const InceptionInput& input : inception_inputs()) {
      if (is_torchscript(file) && input.name != NetworkProtocol().input) continue;
      all.push_back({.input = input.name, .quantise = quantise});
    }
  }
  return all;
}

Extractors extractors_of(const std::string& file, const NetworkProtocol& how, c10::Device device) {
  Extractors all{{"pixels", extractors().make({{"type", "pixels"}}, device)}};
  const bool ours = !file.empty() && is_artifact(file);
  const bool script = !file.empty() && !ours && is_torchscript(file);
  const bool inception = !file.empty() && !ours && !script;
  const NetworkProtocol usual;
  require_option(inception || (how.input == usual.input && how.layer == usual.layer),
                 "options 'input' and 'layer' have no effect without Inception");
  require_option(script || how.range == usual.range,
                 "option 'range' has no effect without TorchScript");
  require_option(inception || script || how.quantise,
                 "option 'quantise' has no effect without Inception or TorchScript");
  if (ours) all["classifier"] = make_classifier_features({file}, device);
  if (inception) all["inception"] = make_inception({file, how}, device);
  if (script) all["torchscript"] = make_torchscript({file, how}, device);
  return all;
}

}  // namespace couplet
