// Features of any network that PyTorch has saved as TorchScript.
#pragma once
#include "eval/features.h"

namespace couplet {

/// Of a file of torch.jit.save: forward(x), or forward(x, return_features=True) where it has such
/// an argument (NVIDIA's and clean-fid's Inception), gives (N, D), or (N, D, H, W), whose means are
/// taken. The protocol tells the file's SHA-256. Errors: what the network says of examples that it
/// cannot take.
std::shared_ptr<FeatureExtractor> make_torchscript(const std::string& file,
                                                   const NetworkProtocol& how, c10::Device device);

}  // namespace couplet
