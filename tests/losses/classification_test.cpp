#include "losses/classification.h"

#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("Images are moved one by one", "[losses]") {
  const Tensor images = at::arange(2 * 12, at::kFloat).view({2, 1, 3, 4});
  const Tensor offsets = at::tensor({0, 0, 1, -1}, at::kLong).view({2, 2});
  const Tensor found = moved(images, offsets);
  CHECK(distance(found[0], images[0]) == 0);
  // Down by one and left by one, the border repeated.
  CHECK(found[1][0][2][0].item<float>() == images[1][0][1][1].item<float>());
  CHECK(found[1][0][0][0].item<float>() == images[1][0][0][1].item<float>());
  CHECK(found[1][0][1][3].item<float>() == images[1][0][0][3].item<float>());
}

TEST_CASE("Augmentation depends on the row alone and reads nothing back", "[losses]") {
  const Space space{{1, 8, 8}, 10};
  const auto net = make_classifier({{"width", 8}}, space);
  const Classification loss({.shift = 1}, space, Random(2));
  const Tensor rows = row_range(10, 14), x = Random(1).normal(rows, space.shape);
  const Tensor label = rows % 10;
  const double whole = loss(*net, x, label, rows).item<double>();
  double parts = 0;
  for (int64_t i = 0; i < 4; ++i) {
    const auto one = [&](const Tensor& t) { return t.slice(0, i, i + 1); };
    parts += loss(*net, one(x), one(label), one(rows)).item<double>() / 4;
  }
  CHECK(parts == Approx(whole).epsilon(1e-5));
  CHECK(host_reads([&] { loss(*net, x, label, rows); }).empty());
}
