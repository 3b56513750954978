// What examples are compared by.
#pragma once
#include <c10/core/Device.h>

#include "base/registry.h"

namespace couplet {

/// Of N examples: features (N, D), and logits (N, K) of an extractor with classes, else undefined.
struct Extracted {
  Tensor features, logits;
};

struct FeatureExtractor {
  virtual ~FeatureExtractor() = default;
  /// x: (N, *shape) float in [-1, 1], on any device; the features are on the extractor's.
  virtual Extracted operator()(const Tensor& x) const = 0;
  /// Whether its classes are the data's own.
  virtual bool knows_labels() const { return false; }
  /// What must be said beside a number that rests on these features: {"extractor": name, …}.
  virtual json protocol() const = 0;
};

/// make(options, device)
const Registry<FeatureExtractor, c10::Device>& extractors();

/// How images come to the FID's network.
struct InceptionProtocol {
  std::string input = "tensorflow";
  bool quantise = true;
  int64_t layer = 2048;
  bool operator==(const InceptionProtocol&) const = default;
  void describe(auto&& option) {
    option("input", input,
           "how images become 299 x 299 for Inception: tensorflow (the FID's own code, "
           "torch-fidelity), pytorch-fid, torchmetrics or clean-fid");
    option("quantise", quantise,
           "samples are rounded to bytes for Inception, as files of images are");
    option("layer", layer, "of Inception: 64, 192, 768 or 2048, which a FID is of");
  }
};

using Extractors = std::map<std::string, std::shared_ptr<FeatureExtractor>>;
/// By name: "pixels"; and of a file, unless it is empty, "classifier" (one of ours) or "inception"
/// (weights of the FID's network). Errors: BadOption, for a protocol where there is no Inception.
Extractors extractors_of(const std::string& file, const InceptionProtocol& how, c10::Device device);

}  // namespace couplet
