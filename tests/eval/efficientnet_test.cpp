#include "nn/efficientnet.h"

#include "base/error.h"
#include "base/random.h"
#include "eval/features.h"
#include "folder.h"
#include "formats/safetensors.h"
#include "formats/sha256.h"
#include "formula_weights.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("EfficientNet-Lite0 gives its package's features and classes", "[parity]") {
  for (const auto& path : golden_files("numerics", "efficientnet")) {
    INFO(path);
    const EfficientNetLite0 net(formula_weights(path));
    const h5::File file = h5::File::open(path);
    const auto near = [&](const Tensor& found, const char* name) {
      const Tensor expected = file.read(text("outputs/", name));
      CHECK(distance(found, expected) < 1e-5 * expected.abs().max().item<double>());
    };
    for (const char* side : {"224", "96x64"}) {
      const Tensor levels = file.read(text("inputs/", side)).to(at::kFloat);
      const Tensor features = net.features((levels - 127) / 128);
      near(features, text("features/", side).c_str());
      near(net.logits(features), text("logits/", side).c_str());
    }
  }
}

TEST_CASE("EfficientNet as an extractor tells its weights and sees bytes, grey or not", "[eval]") {
  const Folder folder;
  const std::string file = folder / "weights.safetensors";
  write_safetensors(file, {formula_weights(golden_files("numerics", "efficientnet")[0]), {}});
  const auto net = extractors_of(file, {}, c10::kCPU).at("efficientnet");
  const Tensor x = (Random(1).uniform(row_range(0, 3), {3, 8, 8}) * 255).round() / 127.5 - 1;
  const Tensor grey = x.narrow(1, 0, 1);
  const Extracted found = (*net)(x);
  CHECK(found.features.sizes() == at::IntArrayRef{3, 1280});
  CHECK(found.logits.sizes() == at::IntArrayRef{3, 1000});
  CHECK(distance((*net)(x + 0.3 / 127.5).features, found.features) == 0);  // the same bytes
  CHECK(distance((*net)(x.narrow(0, 1, 1)).features[0], found.features[1]) == 0);
  CHECK(distance((*net)(grey).features, (*net)(grey.expand({-1, 3, -1, -1})).features) < 1e-5);
  CHECK(net->protocol()["content"] == sha256(file));
  CHECK(variants(file).size() == 2);  // rounded to bytes and not
  CHECK_THROWS_WITH((*net)(x.narrow(1, 0, 2)), contains("one channel or three"));
  CHECK_THROWS_WITH(extractors_of(file, {.layer = 64}, c10::kCPU), contains("without Inception"));
  CHECK_THROWS_WITH(EfficientNetLite0(Tensors{}),
                    contains("no tensor '_conv_stem.weight': not EfficientNet-Lite0"));
}
