// What examples are compared by.
#pragma once
#include <c10/core/Device.h>

#include "base/registry.h"

namespace couplet {

/// Features (N, D) of N examples; predicted (N) int64: the label that the extractor gives them,
/// undefined where it gives none.
struct Extracted {
  Tensor features, predicted;
};

struct FeatureExtractor {
  virtual ~FeatureExtractor() = default;
  /// x: (N, *shape) float in [-1, 1], on any device; the features are on the extractor's.
  virtual Extracted operator()(const Tensor& x) const = 0;
  /// What must be said beside a number that rests on these features: {"extractor": name, …}.
  virtual json protocol() const = 0;
};

/// make(options, device)
const Registry<FeatureExtractor, c10::Device>& extractors();

}  // namespace couplet
