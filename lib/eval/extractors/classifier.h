// Features of a classifier that eval-train-features trained.
#pragma once
#include "eval/features.h"

namespace couplet {

struct ClassifierFeaturesOptions {
  std::string file;
  void describe(auto&& option) { option("file", file, "checkpoint of a classifier"); }
};

/// Errors: not a classifier's checkpoint. The extractor: examples of another shape.
std::shared_ptr<FeatureExtractor> make_classifier_features(const ClassifierFeaturesOptions& options,
                                                           c10::Device device);

}  // namespace couplet
