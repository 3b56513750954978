// Measures of features beside the Fréchet distance, by the numbers of the Python packages.
#include "base/error.h"
#include "eval/inception_score.h"
#include "eval/kernel_distance.h"
#include "eval/manifold.h"
#include "eval/neighbours.h"
#include "eval/sliced.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

Tensor stream_draws(int64_t n, int64_t d, const char* stream) {
  return Random(4).stream(stream).normal(row_range(0, n), {d});
}

}  // namespace

TEST_CASE("Kernel distances are those of the Python packages", "[parity]") {
  for (const auto& path : golden_files("numerics", "metrics")) {
    const h5::File file = h5::File::open(path);
    const auto number = [&](const char* name) { return file.read(name).item<double>(); };
    const Tensor A = file.read("features/A").slice(1, 0, 64);
    const Tensor B = file.read("features/B").slice(1, 0, 64);
    CHECK(kernel_distance(A, B) == Approx(number("kid/mmd2_unbiased_full")).epsilon(1e-9));
    const Tensor a = file.read("kid/subset_indices_A").to(at::kLong);
    const Tensor b = file.read("kid/subset_indices_B").to(at::kLong);
    std::vector<double> found;
    for (int64_t i = 0; i < a.size(0); ++i) {
      found.push_back(kernel_distance(A.index_select(0, a[i]), B.index_select(0, b[i])));
    }
    CHECK(distance(at::tensor(found, at::kDouble), file.read("kid/subset_values")) < 1e-10);
    CHECK(std::abs(spread_of(found).mean - number("kid/subset_mean")) < 1e-10);
    CHECK(std::abs(spread_of(found).deviation - number("kid/subset_std_ddof0")) < 1e-10);
  }
}

TEST_CASE("Precision, recall, density and coverage are torch-fidelity's", "[parity]") {
  for (const auto& path : golden_files("numerics", "metrics")) {
    const h5::File file = h5::File::open(path);
    const Tensor A = file.read("features/A").slice(1, 0, 64);
    const Tensor B = file.read("features/B").slice(1, 0, 64);
    for (const int64_t k : {3, 5}) {
      INFO(path << ", k = " << k);
      const auto read = [&](const char* name) { return file.read(text("prc/k", k, "/", name)); };
      CHECK(distance(nearest_others(A, k).sqrt(), read("radius_A")) < 1e-9);
      CHECK(distance(nearest_others(B, k).sqrt(), read("radius_B")) < 1e-9);
      const Manifold found = manifold(A, B, k);
      CHECK(std::abs(found.precision - read("precision").item<double>()) < 1e-12);
      CHECK(std::abs(found.recall - read("recall").item<double>()) < 1e-12);
      CHECK(std::abs(found.density - read("density_strict").item<double>()) < 1e-12);
      CHECK(std::abs(found.coverage - read("coverage_strict").item<double>()) < 1e-12);
    }
  }
}

TEST_CASE("Inception scores are torch-fidelity's", "[parity]") {
  for (const auto& path : golden_files("numerics", "metrics")) {
    const h5::File file = h5::File::open(path);
    const auto number = [&](const char* name) {
      return file.read(text("inception_score/", name)).item<double>();
    };
    const Tensor logits = file.read("inception_score/logits");
    const Tensor order = file.read("inception_score/permutation").to(at::kLong);
    CHECK(std::abs(inception_score(logits, 1).mean - number("splits1_in_order_mean")) < 1e-10);
    const Spread ten = inception_score(logits, 10);
    CHECK(std::abs(ten.mean - number("splits10_in_order_mean")) < 1e-10);
    CHECK(std::abs(ten.deviation - number("splits10_in_order_std_ddof0")) < 1e-10);
    const Spread shuffled = inception_score(logits.index_select(0, order), 10);
    CHECK(std::abs(shuffled.mean - number("splits10_shuffled_mean")) < 1e-10);
    CHECK(std::abs(shuffled.deviation - number("splits10_shuffled_std_ddof0")) < 1e-10);
  }
}

TEST_CASE("Sliced Wasserstein distances are POT's", "[parity]") {
  for (const auto& path : golden_files("numerics", "metrics")) {
    const h5::File file = h5::File::open(path);
    const auto number = [&](const char* name) {
      return file.read(text("two_sample/", name)).item<double>();
    };
    const Tensor x = file.read("two_sample/x"), y = file.read("two_sample/y");
    const Tensor u = file.read("two_sample/projections"), part = x.slice(0, 0, 260);
    CHECK(std::abs(sliced_w2_squared(part, y, u) - number("sliced_w2_squared_first260_each")) <
          1e-11);
    CHECK(std::abs(sliced_w2_squared(x, y, u) - number("sliced_w2_squared_unequal")) < 1e-11);
    const auto first = [](const Tensor& z) { return z.slice(1, 0, 1); };
    CHECK(std::abs(w2_squared(first(part), first(y)).item<double>() -
                   number("w2_squared_1d_first_coordinate_equal_n")) < 1e-11);
    CHECK(std::abs(w2_squared(first(x), first(y)).item<double>() -
                   number("w2_squared_1d_first_coordinate_unequal_n")) < 1e-11);
  }
}

TEST_CASE("Measures of features see what they are for", "[eval]") {
  const Tensor data = stream_draws(600, 8, "data"), same = stream_draws(500, 8, "same");
  const Tensor narrow = 0.3 * same, copies = data.slice(0, 0, 300).repeat({2, 1});
  // Samples of the law itself, of its middle alone, and the data over again.
  CHECK(std::abs(kernel_distance(same, data)) < 0.05);
  CHECK(kernel_distance(narrow, data) > 0.1);
  CHECK(manifold(narrow, data, 5).precision > manifold(same, data, 5).precision);
  CHECK(manifold(narrow, data, 5).recall < 0.5 * manifold(same, data, 5).recall);
  CHECK(nearest(copies, data).max().item<double>() < 1e-6);
  CHECK(nearest(same, data).median().item<double>() ==
        Approx(nearest_others(data, 1).median().item<double>()).epsilon(0.1));
  const Tensor u = directions(8, 64, Random(1));
  CHECK(distance(u.square().sum(0), at::ones({64})) < 1e-12);
  CHECK(sliced_w2_squared(same, data, u) < 0.1 * sliced_w2_squared(narrow, data, u));
  // As sure as can be, of one class or of all alike.
  const Tensor sure = 1000 * at::eye(10).repeat({20, 1});
  CHECK(inception_score(sure, 2).mean == Approx(10));
  CHECK(inception_score(sure.slice(0, 0, 1).repeat({20, 1}), 2).mean == Approx(1));
  const Spread kid = kernel_distance_of_subsets(same, data, 10, 100, Random(2));
  CHECK(std::abs(kid.mean) < 3 * kid.deviation);
  CHECK_THROWS_AS(kernel_distance_of_subsets(same, data, 10, 501, Random(2)), Error);
  CHECK_THROWS_AS(nearest_others(data, 600), Error);
}
