// Examples as their own features.
#pragma once
#include "eval/features.h"

namespace couplet {

std::shared_ptr<FeatureExtractor> make_pixels(c10::Device device);

}  // namespace couplet
