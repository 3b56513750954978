#include "eval/extractors/torchscript.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "base/error.h"
#include "formats/sha256.h"

namespace couplet {

namespace {

constexpr int64_t at_once = 32;

/// The interpreter's message ends in what is wrong; before it stands where.
std::string last_line(std::string message) {
  while (message.ends_with('\n')) message.pop_back();
  return message.substr(message.rfind('\n') + 1);
}

struct TorchScriptFeatures : FeatureExtractor {
  std::string file;
  NetworkProtocol how;
  c10::Device device;
  mutable torch::jit::Module net;
  bool returns_features = false;
  std::string hash;

  TorchScriptFeatures(const std::string& file, const NetworkProtocol& how, c10::Device device)
      : file(file), how(how), device(device), hash(sha256(file)) {
    const std::string& range = how.range;
    require_option(range == "bytes" || range == "unit" || range == "signed",
                   "option 'range' must be bytes, unit or signed, found ", range);
    try {
      net = torch::jit::load(file, device);
      net.eval();
    } catch (const c10::Error& error) {
      fail(file, ": no TorchScript that can be loaded: ", error.msg());
    }
    for (const auto& argument : net.get_method("forward").function().getSchema().arguments()) {
      returns_features |= argument.name() == "return_features";
    }
  }

  Tensor in_range(const Tensor& x) const {
    Tensor levels = (x + 1) * 127.5;
    if (how.quantise) levels = levels.round().clamp(0, 255);
    if (how.range == "bytes") return levels;
    return how.range == "unit" ? levels / 255 : levels / 127.5 - 1;
  }

  Tensor features(const Tensor& x) const {
    std::unordered_map<std::string, c10::IValue> named;
    if (returns_features) named["return_features"] = true;
    c10::IValue found;
    try {
      found = net.forward({in_range(x)}, named);
    } catch (const std::exception& error) {
      fail(file, ": cannot take examples of shape ", x.sizes().slice(1), ": ",
           last_line(error.what()));
    }
    require(found.isTensor(), file, ": gives no tensor");
    const Tensor y = found.toTensor();
    require(y.dim() >= 2 && y.size(0) == x.size(0), file, ": gives sizes ", y.sizes(), " for ",
            x.size(0), " examples, expected (examples, features)");
    return y.dim() > 2 ? y.flatten(2).mean(2) : y;
  }

  Extracted operator()(const Tensor& x) const override {
    return by_blocks(x, at_once, device, [&](const Tensor& block) -> Extracted {
      return {features(block), {}};
    });
  }

  json protocol() const override {
    return {{"extractor", "torchscript"},
            {"path", file},
            {"content", hash},
            {"input", how.range},
            {"quantised", how.quantise}};
  }
};

}  // namespace

std::shared_ptr<FeatureExtractor> make_torchscript(const std::string& file,
                                                   const NetworkProtocol& how, c10::Device device) {
  return std::make_shared<TorchScriptFeatures>(file, how, device);
}

}  // namespace couplet
