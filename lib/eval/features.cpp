#include "eval/features.h"

#include "eval/extractors/classifier.h"
#include "eval/extractors/pixels.h"

namespace couplet {

const Registry<FeatureExtractor, c10::Device>& extractors() {
  static const Registry<FeatureExtractor, c10::Device> table(
      "feature extractor",
      {
          {"pixels", "the numbers themselves", make_pixels},
          {"classifier", "the layer before the last of a classifier", make_classifier_features},
      });
  return table;
}

}  // namespace couplet
