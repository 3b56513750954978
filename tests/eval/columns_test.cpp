#include "eval/columns.h"

#include "base/error.h"
#include "eval/curvature.h"
#include "folder.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

constexpr int64_t M = 6;

/// Pairs of bytes u, x1 = u / 64 - 1, with two draws of noise each; every other first draw is of
/// the mirrored image.
std::string write_pairs(const Folder& folder) {
  const Run run = run_to(folder / "pairs.h5");
  const json facts = {
      {"shape", {1, 2, 3}}, {"classes", 3}, {"scale", 1. / 64}, {"shift", -1}, {"data", "ours"}};
  const Tensor rows = row_range(0, M);
  write_artifact(run.output, run.label("couplings", facts, {}), [&](h5::File& file) {
    file.write("x1", (Random(1).uniform(rows, {1, 2, 3}) * 200).to(at::kByte));
    file.write("x0", Random(2).normal(rows, {2, 1, 2, 3}));
    file.write("label", rows.remainder(3));
    file.write("source", rows);
    file.write("log_p", at::zeros({M, 2}));
    file.write("norm2", at::zeros({M, 2}));
    file.write("flip", at::stack({rows.remainder(2), rows * 0}, 1).to(at::kByte));
  });
  return run.output;
}

}  // namespace

TEST_CASE("The distance of a sample to its pair is zero where it is the pair", "[eval]") {
  const Folder folder;
  const std::string path = write_pairs(folder);
  const Requests requests({{1, 2, 3}, 3}, "each", Random(3), path, M);
  const h5::File file = h5::File::open(path);
  const Tensor row = at::tensor({4, 1, 5}), stored = file.read("x1").to(at::kFloat) / 64 - 1;
  const Tensor x0 = requests.x0(row), x1 = requests.x1(row);
  CHECK(requests.paired());
  CHECK(distance(x0, file.read("x0").select(1, 0).index_select(0, row)) == 0);
  CHECK(distance(x1[0], stored[4]) < 1e-6);
  CHECK(distance(x1[1], stored[1].flip({2})) < 1e-6);

  const Generator generator;
  const auto found = columns({.pair_distance = true}, generator, requests, {});
  REQUIRE(found.size() == 1);
  const auto of = [&](const Tensor& x) {
    return found.at("pair_distance")({x0, requests.labels(row), row, x});
  };
  CHECK(of(x1).abs().max().item<double>() == 0);
  Tensor x = x1.clone();
  x[1][0][0][2] += 0.6;  // of one of six numbers: rms 0.6 / sqrt(6)
  CHECK(distance(of(x), at::tensor({0.0, 0.6 / std::sqrt(6.0), 0.0})) < 1e-6);

  CHECK(!columns({.pair_distance = true}, generator, requests, {.facts = {{"data", "ours"}}})
             .empty());
  CHECK_THROWS_WITH(
      columns({.pair_distance = true}, generator, requests, {.facts = {{"data", "other"}}}),
      contains("of other data"));
}

TEST_CASE("A map that is a flow's has no semigroup error, another one has", "[eval]") {
  const Requests requests({{2}, 0}, "each", Random(3));
  const Tensor row = row_range(0, 4), x0 = requests.x0(row);
  const auto error = [&](double bend) {
    Generator generator;
    generator.phi = [bend](const Tensor& x, double s, double t, const Tensor&) {
      return x * std::exp(t - s) + bend * (t - s) * (t - s);
    };
    const auto found = columns({.semigroup = true}, generator, requests, {});
    return found.at("semigroup")({x0, requests.labels(row), row, x0});
  };
  CHECK(error(0).abs().max().item<double>() < 1e-6);
  // bend (1 - e^(1/2) / 4 - 1/4)
  CHECK(distance(error(2), at::full({4}, 2 * (0.75 - std::exp(0.5) / 4))) < 1e-5);
}

TEST_CASE("The error of a round trip is how far encoding misses the noise", "[eval]") {
  const Requests requests({{2}, 0}, "each", Random(3));
  const Tensor row = row_range(0, 4), x0 = requests.x0(row);
  Generator generator;
  generator.encode = [](const Tensor& x, const Tensor& label) {
    return x / 2 + at::tensor({0.3, 0.4}) * label.unsqueeze(1);
  };
  const auto found = columns({.round_trip = true}, generator, requests, {});
  const Tensor error = found.at("round_trip")({x0, at::tensor({0, 1, 2, 0}), row, 2 * x0});
  CHECK(distance(error, at::tensor({0., 1., 2., 0.}) * std::sqrt(0.125)) < 1e-6);
}

TEST_CASE("A path is a column with a point for each of its times", "[eval]") {
  const Requests requests({{2}, 0}, "each", Random(3));
  const Checkpoint model{.space = {{2}, 0}};
  const Tensor row = row_range(0, 4), x0 = requests.x0(row);
  Generator generator;
  CHECK_THROWS_WITH(columns({.path = true}, generator, requests, model),
                    contains("'path' needs a velocity field with fixed steps"));
  generator.path_times = {0, 0.5, 1};
  generator.path = [](const Tensor& x, const Tensor&, const Tensor&) {
    return at::stack({x, 2 * x, 3 * x}, 1);
  };
  const auto found = columns({.path = true}, generator, requests, model);
  CHECK(found.at("path").shape == std::vector<int64_t>{3, 2});
  const Tensor path = found.at("path")({x0, requests.labels(row), row, 3 * x0});
  CHECK(at::equal(path.select(1, 2), 3 * x0));
}

TEST_CASE("Columns need what they measure", "[eval]") {
  const Requests requests({{2}, 0}, "each", Random(3));
  Generator generator;
  CHECK(columns({}, generator, requests, {}).empty());
  CHECK_THROWS_WITH(columns({.pair_distance = true}, generator, requests, {}), contains("--noise"));
  CHECK_THROWS_WITH(columns({.semigroup = true}, generator, requests, {}), contains("flow map"));
  CHECK_THROWS_WITH(columns({.round_trip = true}, generator, requests, {}),
                    contains("distil.encode"));
  CHECK_THROWS_WITH(columns({.straightness = true}, generator, requests, {}),
                    contains("needs a velocity field"));
  generator.velocity = [](const Tensor& x, const Tensor& t, const Tensor& label) {
    return x * (t + label).unsqueeze(1);
  };
  const auto found = columns({.curvature = true, .straightness = true}, generator, requests, {});
  const Tensor row = row_range(0, 4), x0 = Random(4).normal(row, {2});
  const Made made{x0, row, row, x0};
  const Tensor kappa = found.at("curvature")(made);
  CHECK(distance(kappa, curvature(bind(generator.velocity, row), x0)) == 0);
  CHECK(distance(found.at("straightness")(made), 2 * kappa) < 1e-5);
  CHECK(kappa.min().item<double>() > 0);
}
