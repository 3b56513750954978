#include "eval/frechet.h"

#include "base/error.h"
#include "base/random.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

Moments moments_of(const Tensor& features, int64_t batch) {
  Moments all;
  for (const Tensor& part : features.split(batch)) all.add(part);
  return all;
}

Tensor vector_draws(int64_t n, int64_t d, const char* stream = "") {
  return Random(3).stream(stream).normal(row_range(0, n), {d}).to(at::kDouble);
}

/// The numbers of the cases of metrics.h5, whose names say how their features are made.
std::pair<Tensor, Tensor> features_of(const h5::File& file, const std::string& name) {
  const json about = file.attributes("frechet/" + name);
  const auto cut = [&](const char* set, const char* rows) {
    const bool near_singular = name.ends_with("near_singular");
    Tensor x =
        file.read(text("features/", near_singular ? "near_singular_" : "", set)).to(at::kDouble);
    x = x.slice(0, 0, about[rows].get<int64_t>()).slice(1, 0, about["d"].get<int64_t>()).clone();
    if (name.ends_with("dead_columns")) x.slice(1, 0, 8).zero_();
    if (name.ends_with("offset")) x += 1024;
    return x;
  };
  return {cut("A", "n1"), cut(name.ends_with("identical") ? "A" : "B", "n2")};
}

}  // namespace

TEST_CASE("Frechet distances are those of the Python packages", "[parity]") {
  const std::map<std::string, std::pair<double, double>> tolerances = {
      // relative, absolute
      {"d512_n100_rank_deficient", {1e-6, 0}},
      {"d64_near_singular", {0, 1e-6}},
      {"d64_identical", {0, 1e-9}},
      {"d512_n2000", {1e-9, 0}},
      {"d64_n2000", {1e-9, 0}},
      {"d64_unequal_n", {1e-9, 0}},
      {"d64_dead_columns", {1e-9, 0}},
      {"d64_offset", {1e-9, 0}}};
  for (const auto& path : golden_files("numerics", "metrics")) {
    const h5::File file = h5::File::open(path);
    for (const auto& [name, tolerance] : tolerances) {
      INFO(path << ", " << name);
      const double expected = file.read("frechet/" + name + "/value").item<double>();
      const auto [a, b] = features_of(file, name);
      const double found = frechet_distance(moments_of(a, 64), moments_of(b, 64));
      CHECK(std::abs(found - expected) <= tolerance.first * expected + tolerance.second);
      // Batches of float features are summed in double.
      const auto floats = moments_of(a.to(at::kFloat), 100);
      CHECK(distance(floats.mean(), moments_of(a, 100).mean()) == 0);
    }
    const auto side = [&](const char* mean, const char* covariance) {
      const auto read = [&](const char* what) {
        return file.read(text("frechet/from_statistics/", what));
      };
      return Moments::of(read(mean), read(covariance), 2000);
    };
    const double expected = file.read("frechet/from_statistics/value").item<double>();
    CHECK(frechet_distance(side("mu_1", "sigma_1"), side("mu_2", "sigma_2")) ==
          Approx(expected).epsilon(1e-9));
  }
}

TEST_CASE("Moments do not depend on batches and shards", "[eval]") {
  for (const auto& device : devices()) {
    const Tensor x = (vector_draws(200, 5) * 3 + 1000).to(device);
    const Moments whole = moments_of(x, 200);
    CHECK(distance(whole.mean(), x.mean(0)) < 1e-10);
    CHECK(distance(whole.covariance(), x.t().cov()) < 1e-9);
    for (const int64_t batch : {1, 7, 64}) {
      const Moments parts = moments_of(x, batch);
      CHECK(parts.count() == 200);
      CHECK(distance(parts.mean(), whole.mean()) < 1e-10);
      CHECK(distance(parts.covariance(), whole.covariance()) < 1e-10);
    }
    Moments merged;
    for (const Tensor& shard : x.split(90)) merged.merge(moments_of(shard, 7));
    CHECK(merged.count() == 200);
    CHECK(distance(merged.mean(), whole.mean()) < 1e-10);
    CHECK(distance(merged.covariance(), whole.covariance()) < 1e-10);
  }
}

TEST_CASE("A merge leaves the other side as it was", "[eval]") {
  const Moments part = moments_of(vector_draws(50, 3), 50);
  const Tensor before = part.covariance();
  Moments all;
  all.merge(part);
  all.add(vector_draws(50, 3, "more"));
  CHECK(distance(part.covariance(), before) == 0);
}

TEST_CASE("The Frechet distance of Gaussians is the closed form", "[eval]") {
  const auto diagonal = [](std::vector<double> mean, std::vector<double> deviations) {
    const Tensor s = at::tensor(deviations, at::kDouble);
    return Moments::of(at::tensor(mean, at::kDouble), s.square().diag(), 1000);
  };
  // Covariances that commute: |m1 - m2|^2 + sum (s1 - s2)^2.
  CHECK(frechet_distance(diagonal({0, 1}, {1, 2}), diagonal({3, 1}, {2, 5})) == Approx(9 + 1 + 9));
  CHECK(frechet_distance(diagonal({0, 1}, {1, 0}), diagonal({0, 1}, {2, 0})) == Approx(1));
  const Tensor x = vector_draws(300, 6);
  const Moments a = moments_of(x, 64), b = moments_of(vector_draws(300, 6, "b") * 2 + 1, 64);
  CHECK(std::abs(frechet_distance(a, a)) < 1e-10);
  CHECK(frechet_distance(a, b) == Approx(frechet_distance(b, a)).epsilon(1e-10));
  CHECK(frechet_distance(a, moments_of(x + 2, 64)) == Approx(4 * 6).epsilon(1e-10));
  // Rotations move nothing.
  const auto rotation = std::get<0>(at::linalg_qr(vector_draws(6, 6, "q")));
  CHECK(frechet_distance(moments_of(x.mm(rotation), 64),
                         moments_of((vector_draws(300, 6, "b") * 2 + 1).mm(rotation), 64)) ==
        Approx(frechet_distance(a, b)).epsilon(1e-10));
}

TEST_CASE("The Frechet distance refuses what it cannot measure", "[eval]") {
  const Moments a = moments_of(vector_draws(10, 3), 10);
  CHECK_THROWS_AS(frechet_distance(a, moments_of(vector_draws(10, 4), 10)), Error);
  CHECK_THROWS_AS(frechet_distance(a, moments_of(vector_draws(1, 3), 1)), Error);
  CHECK_THROWS_AS(frechet_distance(a, Moments()), Error);
  Moments other = a;
  CHECK_THROWS_AS(other.add(vector_draws(4, 2)), Error);
  CHECK_THROWS_AS(Moments::of(at::zeros({3}), at::zeros({3, 2}), 5), Error);
}
