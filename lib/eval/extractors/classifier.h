// Features of a classifier that eval-train-features trained.
#pragma once
#include "eval/features.h"

namespace couplet {

/// Of a file. Errors: not a classifier's checkpoint. The extractor: examples of another shape.
std::shared_ptr<FeatureExtractor> make_classifier_features(const std::string& file,
                                                           c10::Device device);

}  // namespace couplet
