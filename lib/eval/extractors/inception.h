// Features of the FID's Inception network.
#pragma once
#include "eval/features.h"

namespace couplet {

struct InceptionOptions {
  std::string file;
  NetworkProtocol how;
  void describe(auto&& option) {
    option("file", file, "its weights: pytorch-fid's or torch-fidelity's .pth, or safetensors");
    how.describe(option);
  }
};

/// Images of one channel, which is repeated, or three. The protocol tells the file's SHA-256, and
/// "fid": whether these are the published weights (6726825d…) at layer 2048: only then a Fréchet
/// distance is a FID.
std::shared_ptr<FeatureExtractor> make_inception(const InceptionOptions& options,
                                                 c10::Device device);

}  // namespace couplet
