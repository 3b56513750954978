#include "nn/inception.h"

#include <torch/csrc/jit/api/module.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "eval/features.h"
#include "eval/inception_input.h"
#include "folder.h"
#include "formula_weights.h"
#include "formats/bytes.h"
#include "formats/safetensors.h"
#include "formats/sha256.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// The formula pictures, which the file has at a stride.
Tensor pictures(int64_t side, int64_t first, int64_t count) {
  Tensor x = at::empty({count, 3, side, side});
  auto at = x.accessor<float, 4>();
  for (int64_t n = 0; n < count; ++n) {
    const int64_t s = n + first, W = side;
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t i = 0; i < W * W; ++i) {
        const int64_t y = i / W, x = i % W;
        const int64_t q = (200 + 170 * ((5 * s + 3 * c) % 7)) *
                          ((s % 3 + 1) * x * x + ((s + c) % 4 + 1) * y * y + (s % 5) * x * y) /
                          (W * W);
        const int64_t v = std::abs((q + 60 * c + 97 * s) % 511 - 255);
        const int64_t board = ((x * (3 + s % 4)) / W + (y * (2 + c)) / W) % 2 * (20 + 6 * (s % 8));
        at[n][c][y][x] =
            static_cast<float>(std::min<int64_t>(255, v * (3 + (5 * s + 2 * c) % 6) / 9 + board));
      }
    }
  }
  return x;
}

}  // namespace

TEST_CASE("The FID's Inception gives torch-fidelity's features", "[parity]") {
  for (const auto& path : golden_files("numerics", "inception")) {
    const Inception net(formula_weights(path));
    const h5::File file = h5::File::open(path);
    const Tensor small = file.read("images/u8_32").to(at::kFloat);
    const Tensor large = pictures(299, 8, 4);
    CHECK(distance(pictures(32, 0, 8), small) == 0);
    CHECK(distance(large.slice(2, 0, 299, 13).slice(3, 0, 299, 13),
                   file.read("images/u8_299_strided")) == 0);
    for (const auto& [side, images] : {std::pair{"32", small}, {"299", large}}) {
      const Tensor x = inception_input("tensorflow").prepare(images);
      for (const int64_t layer : {64, 192, 768, 2048}) {
        INFO(path << ", pictures of " << side << ", layer " << layer);
        const Tensor found = net.features(x, layer);
        CHECK(distance(found, file.read(text("outputs/", side, "/", layer))) < 2e-5);
        if (layer < 2048) continue;
        CHECK(distance(net.logits(found), file.read(text("outputs/", side, "/logits_unbiased"))) <
              2e-5);
      }
    }
    // The same network on what other programs give it.
    const auto as = [&](const char* other, const Tensor& images) {
      return net.features(inception_input(other).prepare(images));
    };
    CHECK(distance(as("pytorch-fid", small), file.read("outputs/32/2048_pytorch_fid")) < 2e-5);
    CHECK(distance(as("pytorch-fid", large), file.read("outputs/299/2048_pytorch_fid")) < 2e-5);
    CHECK(distance(as("torchmetrics", small), file.read("outputs/32/2048_torchmetrics")) < 2e-5);
  }
}

TEST_CASE("Images are resized as TensorFlow 1 did", "[parity]") {
  for (const auto& path : golden_files("numerics", "inception")) {
    const h5::File file = h5::File::open(path);
    for (const char* size : {"32x32", "64x64", "28x28", "48x40", "512x384"}) {
      INFO(path << ", " << size);
      const auto read = [&](const char* what) {
        return file.read(text("resize/", size, "/", what));
      };
      const Tensor found = resize_as_tensorflow(read("input").to(at::kFloat));
      const Tensor strided = read("tf1_299_strided");
      const int64_t stride = (299 + strided.size(2) - 1) / strided.size(2);
      CHECK(distance(found.slice(2, 0, 299, stride).slice(3, 0, 299, stride), strided) < 1e-4);
      const Tensor edges = read("tf1_299_last_row_and_column");
      CHECK(distance(found.select(2, 298), edges[0]) < 1e-4);
      CHECK(distance(found.select(3, 298), edges[1]) < 1e-4);
      const Tensor sums = found.to(at::kDouble).sum({2, 3});
      CHECK(distance(sums / read("tf1_299_sum_per_channel"), at::ones_like(sums)) < 1e-6);
    }
  }
}

TEST_CASE("Inception as an extractor tells its weights and sees bytes, grey or not", "[eval]") {
  const Folder folder;
  const std::string file = folder / "weights.safetensors";
  write_safetensors(file, {formula_weights(golden_files("numerics", "inception")[0]), {}});
  const auto with = [&](const NetworkProtocol& how) {
    return extractors_of(file, how, c10::kCPU).at("inception");
  };
  const auto net = with({});
  const Tensor x = pictures(32, 0, 3) / 127.5 - 1, grey = x.narrow(1, 0, 1);
  const Extracted found = (*net)(x);
  CHECK(found.features.sizes() == at::IntArrayRef{3, 2048});
  CHECK(found.logits.sizes() == at::IntArrayRef{3, 1008});
  CHECK(distance((*net)(x.narrow(0, 1, 1)).features[0], found.features[1]) == 0);
  CHECK(distance((*net)(x + 0.3 / 127.5).features, found.features) == 0);  // the same bytes
  CHECK(distance((*with({.quantise = false}))(x + 0.3 / 127.5).features, found.features) > 1e-4);
  CHECK(distance((*net)(grey).features, (*net)(grey.expand({-1, 3, -1, -1})).features) < 1e-5);
  CHECK((*with({.layer = 64}))(x).features.size(1) == 64);

  const json told = net->protocol();
  CHECK(told["fid"] == false);  // not the published weights
  CHECK(told["content"] == sha256(file));
  CHECK(told["input"] == "tensorflow");
  CHECK_THROWS_WITH((*net)(x.narrow(1, 0, 2)), contains("one channel or three"));
  CHECK_THROWS_WITH(with({.layer = 100}), contains("64, 192, 768 or 2048"));
  CHECK_THROWS_WITH(extractors_of("", {.layer = 64}, c10::kCPU), contains("without Inception"));
}

TEST_CASE("Features of TorchScript, at its own range, with return_features where it takes that",
          "[eval]") {
  const Folder folder;
  const auto script = [&](const char* code) {
    torch::jit::Module net("Net");
    net.define(code);
    net.save(folder / "net.pt");
    return folder / "net.pt";
  };
  const Tensor x = Random(1).uniform(row_range(0, 40), {3, 4, 4}) * 2 - 1;
  const auto features = [&](const std::string& file, const NetworkProtocol& how) {
    return (*extractors_of(file, how, c10::kCPU).at("torchscript"))(x).features;
  };
  const std::string flat = script("def forward(self, x):\n  return x.flatten(1)\n");
  CHECK(distance(features(flat, {.range = "signed", .quantise = false}), x.flatten(1)) < 1e-6);
  const Tensor levels = ((x + 1) * 127.5).round().flatten(1);
  CHECK(distance(features(flat, {}), levels) == 0);
  CHECK(distance(features(flat, {.range = "unit"}), levels / 255) < 1e-6);
  CHECK(features(script("def forward(self, x):\n  return x\n"), {}).sizes() ==
        at::IntArrayRef{40, 3});
  const std::string asked = script(
      "def forward(self, x, return_features: bool = False):\n"
      "  return x.amax([2, 3]) if return_features else x.sum()\n");
  CHECK(distance(features(asked, {}), levels.view({40, 3, 16}).amax(2)) == 0);
  CHECK_THROWS_WITH(features(script("def forward(self, x):\n  return x.sum()\n"), {}),
                    contains("gives sizes"));
  CHECK_THROWS_WITH(features(script("def forward(self, x):\n  return x.view([7])\n"), {}),
                    contains("cannot take examples of shape [3, 4, 4]"));
  CHECK_THROWS_WITH(features(flat, {.layer = 64}), contains("without Inception"));
  CHECK_THROWS_WITH(features(flat, {.range = "0..1"}), contains("bytes, unit or signed"));
}

TEST_CASE("SHA-256 of known texts", "[formats]") {
  const Folder folder;
  const auto of = [&](const std::string& text) {
    couplet::write_bytes(folder / "text", text);
    return sha256(folder / "text");
  };
  CHECK(of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK_THROWS_WITH(sha256(folder / "none"), contains("cannot be read"));
}

TEST_CASE("Other networks' weights are refused by name", "[eval]") {
  CHECK_THROWS_WITH(Inception(Tensors{}), contains("no tensor 'Conv2d_1a_3x3"));
  CHECK_THROWS_WITH(inception_input("tensorflwo"), contains("did you mean 'tensorflow'"));
}
