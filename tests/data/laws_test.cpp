#include "data/laws.h"

#include "base/error.h"
#include "formats/png.h"
#include "testing.h"

using namespace couplet;
using Catch::Matchers::Contains;

namespace {

Tensor covariance(const Tensor& x) { return at::cov(x.t()); }

}  // namespace

TEST_CASE("rows decide the points of every law", "[data]") {
  for (const c10::Device device : testing::devices()) {
    for (const Law& law : laws()) {
      INFO(law.name);
      const Random random(5);
      const Tensor all = law.draw(random, row_range(0, 50, device));
      CHECK(all.sizes() == at::IntArrayRef({50, 2}));
      CHECK(all.device().type() == device.type());
      const Tensor some = law.draw(random, row_range(20, 30, device));
      CHECK(testing::distance(some, all.narrow(0, 20, 10)) < 1e-6);
      CHECK_FALSE(at::equal(law.draw(Random(6), row_range(0, 50, device)), all));
    }
  }
  CHECK_THROWS_WITH(law("two-moon"), Contains("did you mean 'two-moons'?"));
}

TEST_CASE("laws have the moments that they claim", "[data]") {
  const Tensor rows = row_range(0, 40000), one = at::eye(2);
  const Random random(1);
  const Tensor eight = law("eight-gaussians").draw(random, rows);
  CHECK(testing::distance(covariance(eight), one * ((8 + 0.09) / (2.85 * 2.85))) < 0.02);
  const Tensor moons = law("two-moons").draw(random, rows);
  CHECK(std::abs(covariance(moons).trace().item<double>() - 2) < 0.04);
  CHECK(moons.mean(0).abs().max().item<double>() < 0.02);
  const Tensor board = law("checkerboard").draw(random, rows);
  // Squares of one diagonal direction: E xy = 3/16 where E x^2 = 1.
  const Tensor expected = at::tensor({1., 3. / 16, 3. / 16, 1.}).view({2, 2});
  CHECK(testing::distance(covariance(board), expected) < 0.03);
  const Tensor gaussian = law("gaussian").draw(random, rows);
  CHECK(testing::distance(covariance(gaussian), at::tensor({1., .6, .6, .52}).view({2, 2})) < 0.03);
  // Inside a cell, away from rounding at its edges, the cell is one of the eight.
  const Tensor place = (board / std::sqrt(3.0) + 1).mul(2), edge = (place - place.round()).abs();
  const Tensor inside = edge.amin(1).gt(1e-5);
  const Tensor parity = place.floor().sum(1).remainder(2).masked_select(inside);
  CHECK(parity.abs().max().item<double>() == 0);
}

TEST_CASE("points of a picture have the moments of its darkness", "[data]") {
  struct Case {
    const char* name;
    std::vector<double> mean, covariance;
  };
  // Mean and covariance as computed apart from this code for the released pictures.
  const Case cases[] = {{"rose", {-0.156, 0.484}, {1.846, .673, .673, 3.781}},
                        {"tree", {-0.010, 1.335}, {2.904, -.007, -.007, 2.865}}};
  for (const auto& [name, mean, spread] : cases) {
    INFO(name);
    const Tensor image = read_png(text(COUPLET_SOURCE_DIR "/data/densities/", name, ".png"));
    const Tensor points = draw_density(image, Random(2), row_range(0, 100000));
    CHECK(testing::distance(points.mean(0), at::tensor(mean)) < 0.02);
    CHECK(testing::distance(covariance(points), at::tensor(spread).view({2, 2})) < 0.04);
    const Tensor some = draw_density(image, Random(2), row_range(7, 9));
    CHECK(testing::distance(some, points.narrow(0, 7, 2)) < 1e-6);
  }
  CHECK_THROWS_AS(draw_density(at::full({4, 4}, 9, at::kByte), Random(0), row_range(0, 1)), Error);
}
