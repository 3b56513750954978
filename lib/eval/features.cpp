#include "eval/features.h"

#include "base/error.h"
#include "eval/extractors/classifier.h"
#include "eval/extractors/inception.h"
#include "eval/extractors/pixels.h"
#include "io/artifact.h"

namespace couplet {

const Registry<FeatureExtractor, c10::Device>& extractors() {
  static const Registry<FeatureExtractor, c10::Device> table(
      "feature extractor",
      {
          {"pixels", "the numbers themselves", make_pixels},
          {"classifier", "the layer before the last of a classifier", make_classifier_features},
          {"inception", "the FID's network", make_inception},
      });
  return table;
}

Extractors extractors_of(const std::string& file, const InceptionProtocol& how,
                         c10::Device device) {
  Extractors all{{"pixels", extractors().make({{"type", "pixels"}}, device)}};
  const bool inception = !file.empty() && !is_artifact(file);
  require_option(inception || how == InceptionProtocol(),
                 "options 'input', 'quantise' and 'layer' have no effect without Inception");
  if (inception) all["inception"] = make_inception({file, how}, device);
  if (!file.empty() && !inception) all["classifier"] = make_classifier_features({file}, device);
  return all;
}

}  // namespace couplet
