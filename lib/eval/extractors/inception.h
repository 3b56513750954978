// Features of the FID's Inception network.
#pragma once
#include "eval/features.h"

namespace couplet {

/// By the weights in a file: pytorch-fid's or torch-fidelity's .pth, or safetensors. Images of one
/// channel, which is repeated, or three. The protocol tells the file's SHA-256, and
/// "fid": whether these are the published weights (6726825d…) at layer 2048: only then a Fréchet
/// distance is a FID.
std::shared_ptr<FeatureExtractor> make_inception(const std::string& file,
                                                 const NetworkProtocol& how, c10::Device device);

}  // namespace couplet
