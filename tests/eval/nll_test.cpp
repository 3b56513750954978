#include "eval/nll.h"

#include <cmath>

#include "base/error.h"
#include "data/noising.h"
#include "folder.h"
#include "nn/backbone.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const json mlp = {{"type", "mlp"}, {"hidden", 8}, {"depth", 1}};

/// A student whose output layer is zero, as it is made: the data are taken for noise.
Checkpoint at_rest(const Space& space, size_t blocks) {
  Checkpoint model{.kind = "velocity-field", .space = space};
  const auto net = backbones().make(mlp, space, 1);
  model.blocks.assign(blocks, {mlp, named_tensors(*net), {}});
  return model;
}

/// v = c x in each block: data are decoded by exp(c).
Checkpoint scaling(const Space& space, size_t blocks, double c) {
  Checkpoint model = at_rest(space, blocks);
  for (Block& block : model.blocks) block.weights["gain.bias"] = at::full({1}, c);
  return model;
}

double nll_of_normal(const Tensor& x) {
  return 0.5 * x.square().mean().item<double>() + 0.5 * std::log(2 * M_PI);
}

}  // namespace

TEST_CASE("A field at rest takes the data for noise", "[eval]") {
  const Folder folder;
  write_images(folder / "data.h5");
  const Dataset data = open_dataset(folder / "data.h5");
  const Run run = run_to(folder / "out");
  const Tensor rows = row_range(9, 11);
  for (const size_t blocks : {1, 2}) {
    const Checkpoint model = at_rest(data.space, blocks);
    const json found = nll(model, data, "test", {.steps = 2, .batch = 1}, run);
    const Noising noising("uniform", 0, data);
    const Tensor x = noising(data.examples(rows), rows, run.random.stream("dequantisation"));
    CHECK(found["nll"].get<double>() == Approx(nll_of_normal(x)));
    CHECK(found["latent"].get<double>() == Approx(x.square().mean().item<double>()));
    CHECK(found["rows"] == 2);
    // Stored levels are 1 / 64 apart, squeezed by 128 / 129.
    const double level = std::log(128.0 / 129 / 64);
    CHECK(found["bits"].get<double>() == Approx((nll_of_normal(x) - level) / std::log(2.0)));
    const json clean = nll(model, data, "test", {.noise = "none", .steps = 2}, run);
    CHECK(clean["nll"].get<double>() == Approx(nll_of_normal(data.examples(rows))));
    CHECK_FALSE(clean.contains("bits"));
  }
}

TEST_CASE("A field that scales the data has their likelihood", "[eval]") {
  const Folder folder;
  DatasetContents contents;
  contents.x = Random(1).normal(row_range(0, 40), {3}), contents.train = 20;
  contents.facts = {{"storage", "f32"}};
  write_dataset(run_to(folder / "data.h5"), contents);
  const Dataset data = open_dataset(folder / "data.h5");
  const Run run = run_to(folder / "out");
  for (const size_t blocks : {1, 3}) {
    for (const char* divergence : {"exact", "hutchinson"}) {
      const double c = 0.3, all = c * static_cast<double>(blocks);
      const Tensor z = data.examples(row_range(20, 40)) * std::exp(-all);
      const NllOptions how{.divergence = divergence, .steps = 8};
      const json found = nll(scaling(data.space, blocks, c), data, "test", how, run);
      INFO(blocks << " blocks, " << divergence);
      CHECK(found["nll"].get<double>() == Approx(nll_of_normal(z) + all).epsilon(1e-5));
      CHECK(found["latent"].get<double>() == Approx(z.square().mean().item<double>()));
    }
  }
  Checkpoint other = scaling(data.space, 1, 0.3);  // of several averages the one that is asked for
  other.blocks[0].average = at_rest(data.space, 1).blocks[0].weights;
  other.blocks[0].decay = "0.9", other.blocks[0].others["0.5"] = other.blocks[0].weights;
  const auto of = [&](const NllOptions& how) {
    return nll(other, data, "test", how, run)["nll"].get<double>();
  };
  CHECK(of({.steps = 2, .ema = 0.5}) == of({.steps = 2, .raw = true}));
  CHECK(of({.steps = 2, .ema = 0.9}) == of({.steps = 2}));
  CHECK(of({.steps = 2}) != Approx(of({.steps = 2, .raw = true})));
  other.facts = {{"data", "some"}, {"scale", 2.0}, {"shift", 0.0}};
  CHECK_THROWS_WITH(of({}), contains("scaled otherwise"));
}

TEST_CASE("Vectors are counted in the units of the stored numbers", "[eval]") {
  const Folder folder;
  DatasetContents contents;
  contents.x = Random(1).normal(row_range(0, 50), {3});
  contents.train = 25, contents.scaling = {{2, 0.5, 4}, {0, 1, 0}};
  contents.facts = {{"storage", "f32"}};
  write_dataset(run_to(folder / "data.h5"), contents);
  const Dataset data = open_dataset(folder / "data.h5");
  const Run run = run_to(folder / "out");
  const Checkpoint model = at_rest(data.space, 1);
  const json found = nll(model, data, "test", {.steps = 3}, run);
  const double nats = nll_of_normal(data.examples(row_range(25, 50)));
  CHECK(found["nll"].get<double>() == Approx(nats));
  CHECK(found["nats"].get<double>() == Approx(3 * nats - std::log(4.0)));
  CHECK(nll(model, data, "test", {.steps = 3, .rows = 7}, run)["rows"] == 7);
  // Which rows go together does not matter.
  const json other = nll(model, data, "test", {.steps = 3, .batch = 4}, run);
  CHECK(other["nll"].get<double>() == Approx(found["nll"].get<double>()).epsilon(1e-6));

  const auto with = [&](const NllOptions& options) { nll(model, data, "test", options, run); };
  CHECK_THROWS_AS(with({.divergence = "some"}), BadOption);
  CHECK_THROWS_AS(with({.noise = "uniform"}), BadOption);
  CHECK_THROWS_AS(with({.probes = 3}), BadOption);
  CHECK_THROWS_AS(with({.rows = -1}), BadOption);
  CHECK_THROWS_WITH(nll(at_rest({{2}, 0}, 1), data, "test", {}, run),
                    contains("examples of shape"));
}
