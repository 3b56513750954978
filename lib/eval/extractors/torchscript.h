// Features of any network that PyTorch has saved as TorchScript.
#pragma once
#include "eval/features.h"

namespace couplet {

struct TorchScriptOptions {
  std::string file;
  NetworkProtocol how;
  void describe(auto&& option) {
    option("file", file, "of torch.jit.save");
    how.describe(option);
  }
};

/// forward(x), or forward(x, return_features=True) where it has such an argument (NVIDIA's and
/// clean-fid's Inception), gives (N, D), or (N, D, H, W), whose means are taken. The protocol tells
/// the file's SHA-256. Errors: what the network says of examples that it cannot take.
std::shared_ptr<FeatureExtractor> make_torchscript(const TorchScriptOptions& options,
                                                   c10::Device device);

}  // namespace couplet
