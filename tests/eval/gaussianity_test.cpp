#include "eval/gaussianity.h"

#include "base/error.h"
#include "testing.h"

using namespace couplet;

namespace {

Tensor normal_draws(int64_t n, at::IntArrayRef shape) {
  return Random(8).normal(row_range(0, n), shape);
}

json summary(const Tensor& z) {
  return gaussianity(z, at::full({z.size(0)}, -1, at::kLong), 0, Random(1));
}

}  // namespace

TEST_CASE("Normal draws look normal", "[eval]") {
  const json found = summary(normal_draws(6000, {1, 4, 4}));
  INFO(found.dump(1));
  CHECK(found["rows"] == 6000);
  CHECK(found["dims"] == 16);
  CHECK(found["non_finite"] == 0);
  CHECK(std::abs(found["mean"].get<double>()) < 0.01);
  CHECK(found["mean_norm"].get<double>() < 0.02);
  CHECK(found["variance"].get<double>() == Approx(1).margin(0.02));
  CHECK(found["variance_min"].get<double>() > 0.93);
  CHECK(found["variance_max"].get<double>() < 1.07);
  CHECK(std::abs(found["kurtosis"].get<double>()) < 0.06);
  CHECK(found["max_abs"].get<double>() ==
        Approx(found["max_abs_expected"].get<double>()).margin(0.8));
  CHECK(found["off_diagonal"].get<double>() ==
        Approx(found["off_diagonal_floor"].get<double>()).epsilon(0.2));
  CHECK(std::abs(found["energy"].get<double>()) < 5 * found["energy_floor"].get<double>());
  CHECK(found["energy_rows"] == 2000);
  CHECK_FALSE(found.contains("classes"));
}

TEST_CASE("What is not normal is seen", "[eval]") {
  const Tensor z = normal_draws(4000, {8});
  CHECK(summary(z * 1.2)["variance"].get<double>() == Approx(1.44).margin(0.03));
  CHECK(summary(z.pow(3))["kurtosis"].get<double>() > 10);
  CHECK(summary(at::sign(z))["kurtosis"].get<double>() == Approx(-2).margin(0.01));
  CHECK(summary(z + z.slice(1, 0, 1))["off_diagonal"].get<double>() > 0.5);
  for (const Tensor& other : {z * 1.2, z + 0.2, z + z.slice(1, 0, 1)}) {
    const json found = summary(other);
    CHECK(found["energy"].get<double>() > 10 * found["energy_floor"].get<double>());
  }
}

TEST_CASE("Codes are summed up by class, without what is not finite", "[eval]") {
  Tensor z = normal_draws(300, {4});
  const Tensor label = at::arange(300, at::kLong) % 3;
  z.index_put_({label == 1}, z.index({label == 1}) + 3);
  z[0][2] = NAN;
  const json found = gaussianity(z, label, 4, Random(1));
  INFO(found.dump(1));
  CHECK(found["non_finite"] == 1);
  CHECK(found["rows"] == 299);
  REQUIRE(found["classes"].size() == 3);  // there is no row of class 3
  CHECK(found["classes"][0]["rows"] == 99);
  CHECK(found["classes"][1]["label"] == 1);
  CHECK(found["classes"][1]["mean_norm"].get<double>() == Approx(3).margin(0.2));
  CHECK(found["classes"][2]["energy"].get<double>() < 0.1);
  CHECK(found == gaussianity(z, label, 4, Random(1)));
  CHECK_THROWS_AS(summary(z.slice(0, 0, 2)), Error);
}
