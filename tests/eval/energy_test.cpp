#include "eval/energy.h"

#include "base/error.h"
#include "base/random.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

Tensor draws(int64_t n, at::IntArrayRef shape, const char* stream = "") {
  return Random(5).stream(stream).normal(row_range(0, n), shape);
}

}  // namespace

TEST_CASE("Energy distances are those of the Python packages", "[parity]") {
  for (const auto& path : golden_files("numerics", "metrics")) {
    const h5::File file = h5::File::open(path);
    const Tensor x = file.read("two_sample/x"), y = file.read("two_sample/y");
    const double v = file.read("two_sample/energy_vstat").item<double>();
    const double u = file.read("two_sample/energy_ustat").item<double>();
    CHECK(std::abs(energy_distance_biased(x.to(at::kDouble), y.to(at::kDouble)) - v) < 1e-11);
    CHECK(std::abs(energy_distance(x.to(at::kDouble), y.to(at::kDouble)) - u) < 1e-11);
    CHECK(std::abs(energy_distance(x, y) - u) < 1e-6);
    const auto first = [](const Tensor& z) { return z.slice(1, 0, 1).to(at::kDouble); };
    const double line = file.read("two_sample/energy_vstat_1d_first_coordinate").item<double>();
    CHECK(std::abs(energy_distance_biased(first(x), first(y)) - line) < 1e-11);
  }
}

TEST_CASE("Mean distances of known sets", "[eval]") {
  for (const auto& device : devices()) {
    const Tensor a =
        at::tensor({0.0, 3.0, 0.0, 0.0, 4.0, 0.0}, at::kDouble).view({3, 2}).to(device);  // 3-4-5
    const Tensor b = at::zeros({2, 2}, a.options());
    CHECK(mean_distance(a) == Approx((3 + 4 + 5) / 3.0));  // (0,3), (0,0), (4,0)
    CHECK(mean_distance(a, b) == Approx((3 + 0 + 4) / 3.0));
    CHECK(energy_distance_biased(a, a) == Approx(0).margin(1e-12));
    CHECK(energy_distance_biased(b, b + at::tensor({3.0, 4.0}, a.options())) ==
          Approx(10).margin(1e-12));
  }
}

TEST_CASE("Distances in blocks, in float, far from the origin", "[eval]") {
  const Tensor a = draws(2500, {1, 4, 4}), b = draws(2100, {1, 4, 4}, "b") * 1.2;
  const double whole = at::cdist(a.flatten(1).to(at::kDouble), b.flatten(1).to(at::kDouble), 2, 2)
                           .mean()
                           .item<double>();
  CHECK(mean_distance(a, b) == Approx(whole).epsilon(1e-6));
  CHECK(mean_distance(a + 100, b + 100) == Approx(whole).epsilon(1e-5));
  CHECK(mean_distance(a) == Approx(mean_distance(a.to(at::kDouble))).epsilon(1e-6));
  CHECK(energy_distance(a, b) > 0.01);
}

TEST_CASE("The energy distance to N(0, I) is the limit of that to many draws", "[eval]") {
  for (const int64_t d : {1, 3, 64}) {
    const Tensor z = (draws(500, {d}) * 1.3 + 0.2).to(at::kDouble);
    const Tensor normal = draws(20000, {d}, "normal").to(at::kDouble);
    INFO("dimension " << d);
    CHECK(energy_to_normal(z) == Approx(energy_distance(z, normal)).margin(0.01));
    CHECK(std::abs(energy_to_normal(normal.slice(0, 0, 4000))) < 0.01);
  }
  // On the line E|z - n| = z erf(z / sqrt 2) + sqrt(2 / pi) exp(-z^2 / 2), E|n - n'| = 2 / sqrt pi.
  const Tensor z = at::tensor({-1.5, 0.0, 40.0}, at::kDouble).unsqueeze(1);
  double across = 0;
  for (const double v : {-1.5, 0.0, 40.0}) {
    across += v * std::erf(v / std::sqrt(2.0)) + std::sqrt(2 / M_PI) * std::exp(-v * v / 2);
  }
  const double expected = 2 * across / 3 - (1.5 + 41.5 + 40) / 3 - 2 / std::sqrt(M_PI);
  CHECK(energy_to_normal(z) == Approx(expected).epsilon(1e-12));
}

TEST_CASE("Energy distances refuse what they cannot measure", "[eval]") {
  CHECK_THROWS_AS(energy_distance(draws(1, {2}), draws(4, {2})), Error);
  CHECK_THROWS_AS(mean_distance(draws(3, {2}), draws(3, {3})), Error);
  CHECK_THROWS_AS(mean_distance(draws(3, {2}), at::empty({0, 2})), Error);
}
