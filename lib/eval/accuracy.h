// How often a classifier is right.
#pragma once
#include "data/dataset.h"
#include "nn/classifier.h"

namespace couplet {

/// Share of a split's labelled rows whose label has the largest logit.
double accuracy(const Classifier& net, const Dataset& data, const std::string& split,
                c10::Device device);

}  // namespace couplet
