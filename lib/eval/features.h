// What examples are compared by.
#pragma once
#include <c10/core/Device.h>

#include <functional>
#include <memory>

#include "base/types.h"

namespace couplet {

/// Of N examples: features (N, D), and logits (N, K) of an extractor with classes, else undefined.
struct Extracted {
  Tensor features, logits;
};

/// What f finds in blocks of so many rows, on the device, the last filled up with copies of a row;
/// on a CPU blocks are extracted side by side, each by one thread. Networks order their sums by how
/// many rows and threads they are given, so this makes a row's features the same, bit for bit, in
/// any batch and for any number of threads.
Extracted by_blocks(const Tensor& x, int64_t rows, c10::Device device,
                    const std::function<Extracted(const Tensor& block)>& f);

struct FeatureExtractor {
  virtual ~FeatureExtractor() = default;
  /// x: (N, *shape) float in [-1, 1], on any device; the features are on the extractor's.
  virtual Extracted operator()(const Tensor& x) const = 0;
  /// Whether its classes are the data's own.
  virtual bool knows_labels() const { return false; }
  /// What must be said beside a number that rests on these features: {"extractor": name, …}.
  virtual json protocol() const = 0;
};

/// How images come to networks of others: the FID's Inception, EfficientNet-Lite0, TorchScript.
struct NetworkProtocol {
  std::string input = "tensorflow", range = "bytes";
  bool quantise = true;
  int64_t layer = 2048;
  bool operator==(const NetworkProtocol&) const = default;
  void describe(auto&& option) {
    option("input", input,
           "how images become 299 x 299 for Inception: tensorflow (the FID's own code, "
           "torch-fidelity), pytorch-fid, torchmetrics or clean-fid");
    option(
        "range", range,
        "what TorchScript is given: numbers 0 .. 255 (bytes), 0 .. 1 (unit) or -1 .. 1 (signed)");
    option("quantise", quantise,
           "samples are rounded to bytes for such networks, as files of images are");
    option("layer", layer, "of Inception: 64, 192, 768 or 2048, which a FID is of");
  }
};

/// Every way in which programs prepare images for the network in a file: all inputs of Inception,
/// or that of another network, rounded to bytes and not. Errors: BadOption, a file that is no such
/// network.
std::vector<NetworkProtocol> variants(const std::string& file, const NetworkProtocol& base = {});

using Extractors = std::map<std::string, std::shared_ptr<FeatureExtractor>>;
/// By name: "pixels"; and of a file, unless it is empty, "classifier" (one of ours), "inception"
/// (weights of the FID's network), "efficientnet" (of EfficientNet-Lite0) or "torchscript". Errors:
/// BadOption, for a protocol without effect.
Extractors extractors_of(const std::string& file, const NetworkProtocol& how, c10::Device device);

}  // namespace couplet
