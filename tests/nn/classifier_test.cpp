#include "nn/classifier.h"

#include "base/error.h"
#include "base/random.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("A classifier takes images and vectors", "[nn]") {
  const std::vector<std::vector<int64_t>> shapes = {{1, 8, 8},   {1, 16, 16}, {1, 28, 28},
                                                    {3, 32, 32}, {2},         {1, 4, 4}};
  for (const auto& shape : shapes) {
    const Space space{shape, 10};
    INFO("shape " << at::IntArrayRef(shape));
    const auto net = make_classifier({{"width", 8}}, space);
    const Tensor x = Random(1).normal(row_range(0, 5), shape);
    const Tensor features = net->features(x);
    CHECK(features.sizes() == at::IntArrayRef({5, 128}));
    CHECK(net->logits(features).sizes() == at::IntArrayRef({5, 10}));
    // One example's features are its own.
    CHECK(distance(net->features(x.slice(0, 3, 4)), features.slice(0, 3, 4)) < 1e-5);
    CHECK(host_reads([&] { net->features(x); }).empty());
  }
}

TEST_CASE("A classifier refuses data without labels and unknown options", "[nn]") {
  CHECK_THROWS_AS(make_classifier(json::object(), Space{{1, 8, 8}, 0}), Error);
  CHECK_THROWS_AS(make_classifier({{"widht", 8}}, Space{{1, 8, 8}, 10}), BadOption);
}
