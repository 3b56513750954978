// What each way of making pairs promises.
#include "base/error.h"
#include "data/augment.h"
#include "flow/coupling.h"
#include "folder.h"
#include "flow/pairing.h"
#include "flow/pairings/grouped.h"
#include "flow/pairings/ou_step.h"
#include "flow/pairings/semidiscrete_ot.h"
#include "testing.h"
#include "transport/procrustes.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// Points (rows, 2) of two classes, one left and one right of the origin.
Dataset two_clouds(int64_t rows) {
  Dataset data{.space = {{2}, 2}, .train = rows};
  data.label.kind = "dataset", data.label.content = "two clouds";
  data.label.facts = {{"scale", 1}, {"shift", 0}, {"storage", "f32"}};
  data.labels = row_range(0, rows).remainder(2);
  data.x = Random(5).normal(row_range(0, rows), {2}) + (4 * data.labels - 2).unsqueeze(1);
  return data;
}

std::shared_ptr<Pairing> make(const json& options, const Batches& batches, const Dataset& data,
                              const Run& run) {
  return pairings().make(options, {batches, data, &run});
}

double cost(const NewPairs& pairs) {
  return (pairs.x1 - pairs.x0).square().sum(1).mean().item<double>();
}

}  // namespace

TEST_CASE("The nearest rotation is found again", "[transport]") {
  const Tensor z = Random(1).normal(row_range(0, 500), {5}).to(at::kDouble);
  const Tensor Q =
      std::get<0>(at::linalg_qr(Random(2).normal(row_range(0, 5), {5}).to(at::kDouble)));
  const Tensor x = z.matmul(Q.t());
  CHECK(distance(nearest_rotation(x.t().matmul(z)), Q) < 1e-12);
  // No other orthogonal matrix brings stretched points nearer.
  const Tensor stretched = z * at::arange(1, 6) + 0.5 * x,
               best = nearest_rotation(stretched.t().matmul(z));
  const auto off = [&](const Tensor& R) {
    return (stretched - z.matmul(R.t())).square().sum().item<double>();
  };
  CHECK(distance(best.matmul(best.t()), at::eye(5, at::kDouble)) < 1e-12);
  for (int64_t seed = 0; seed < 20; ++seed) {
    const Tensor turn = 0.3 * Random(seed).normal(row_range(0, 5), {5}).to(at::kDouble);
    CHECK(off(best.matmul(at::linalg_matrix_exp(turn - turn.t()))) > off(best));
  }
}

TEST_CASE("Groups within classes: the same noise and data, nearer to each other", "[flow]") {
  const Folder folder;
  const Run run = run_to(folder / "out.h5");
  const Dataset data = two_clouds(600);
  const Batches batches(data, run, false);
  const Tensor numbers = row_range(0, 600);
  const NewPairs free = make({{"type", "independent"}}, batches, data, run)->make(numbers);
  double mixed_cost = 0;
  for (const bool mixed : {true, false}) {
    const json options = {{"type", "minibatch-ot"}, {"n", 200}, {"mixed", mixed}};
    const NewPairs pairs = make(options, batches, data, run)->make(numbers);
    CHECK(at::equal(pairs.x0, free.x0));
    // Each group has the examples that it has anyhow, in another order.
    for (const int64_t group : {0, 1, 2}) {
      const auto own = [&](const NewPairs& p) {
        return std::get<0>(p.example.narrow(0, 200 * group, 200).sort());
      };
      CHECK(at::equal(own(pairs), own(free)));
    }
    CHECK(at::equal(pairs.x1, data.x.index_select(0, pairs.example)));
    CHECK(at::equal(pairs.label, data.labels.index_select(0, pairs.example)));
    CHECK(cost(pairs) < 0.8 * cost(free));
    if (mixed) {
      mixed_cost = cost(pairs);
      continue;
    }
    CHECK(cost(pairs) > mixed_cost);
    // Both classes are paired with all of the noise: no skew. Mixed, left data take left noise.
    const Tensor left = pairs.x0.index_select(0, (pairs.label == 0).nonzero().view(-1));
    CHECK(std::abs(left.mean().item<double>()) < 0.15);
  }
}

TEST_CASE("Entropic pairs keep the noise and use the examples alike", "[flow]") {
  const Folder folder;
  const Run run = run_to(folder / "out.h5");
  const Dataset data = two_clouds(1000);
  const Batches batches(data, run, false);
  const Tensor numbers = row_range(0, 1000);
  const NewPairs free = make({{"type", "independent"}}, batches, data, run)->make(numbers);
  const NewPairs exact =
      make({{"type", "minibatch-ot"}, {"n", 0}}, batches, data, run)->make(numbers);
  double before = cost(exact);
  for (const double epsilon : {0.01, 0.1, 1.0}) {
    const json options = {{"type", "sinkhorn"}, {"epsilon", epsilon}};
    const NewPairs pairs = make(options, batches, data, run)->make(numbers);
    INFO("epsilon " << epsilon);
    CHECK(at::equal(pairs.x0, free.x0));
    CHECK(pairs.error <= 1e-3);
    CHECK(at::equal(pairs.label,
                    free.label));  // within its class, noise keeps the class of its number
    CHECK(cost(pairs) > before);   // more entropy, longer ways
    before = cost(pairs);
  }
  CHECK(before < cost(free));
}

TEST_CASE("Semidiscrete pairs: one search a noise, potentials that can be kept", "[flow]") {
  const Folder folder;
  const Run run = run_to(folder / "whole.h5");
  const Dataset data = two_clouds(60);
  const Batches batches(data, run, false);
  const json options = {{"type", "semidiscrete-ot"}, {"steps", 400}, {"batch", 256}};
  const auto pairing = make(options, batches, data, run);
  CHECK(std::abs(pairing->facts()["chi2"].get<double>()) < 0.1);
  const NewPairs pairs = pairing->make(row_range(0, 3000));
  const Tensor g = pairing->tables().at("potentials").to(at::kFloat);
  const Tensor score = g + pairs.x0.matmul(data.x.t());
  const Tensor other_class = pairs.label.unsqueeze(1) != data.labels;
  CHECK(at::equal(score.masked_fill(other_class, -INFINITY).argmax(1), pairs.example));
  const Tensor often = pairs.example.bincount({}, 60).to(at::kFloat);
  CHECK(distance(often, at::full({60}, 50.0)) < 45);

  // Stopped in the ascent, and taken up again.
  Run stopped = run_to(folder / "stopped.h5");
  int looks = 0;
  stopped.stop = [&] { return ++looks == 13; };
  CHECK_THROWS_AS(make(options, batches, data, stopped), Unfinished);
  const auto resumed = make(options, batches, data, stopped);
  CHECK(at::equal(resumed->tables().at("potentials"), pairing->tables().at("potentials")));
  CHECK(resumed->facts() == pairing->facts());

  // More pairs by the potentials of earlier ones.
  Label label{.kind = "couplings", .config = {{"coupling", {{"mixed", false}}}}};
  label.facts = {{"chi2", pairing->facts()["chi2"]}};
  write_artifact(folder / "earlier.h5", label, [&](h5::File& file) {
    file.write("potentials", pairing->tables().at("potentials"));
  });
  const Artifact earlier = open_artifact(folder / "earlier.h5");
  const auto more = [&](const json& options) {
    return pairings().make(options, {batches, data, &run, nullptr, &earlier});
  };
  const NewPairs again = more({{"type", "semidiscrete-ot"}})->make(row_range(0, 3000));
  CHECK(at::equal(again.x0, pairs.x0));
  CHECK(at::equal(again.example, pairs.example));
  CHECK_THROWS_WITH(more({{"type", "semidiscrete-ot"}, {"mixed", true}}),
                    contains("must be as there"));
  CHECK_THROWS_WITH(more({{"type", "semidiscrete-ot"}, {"steps", 7}}), contains("no effect"));
}

TEST_CASE("Mirrored examples are points of their own", "[flow]") {
  const Folder folder;
  write_images(folder / "data.h5");
  const Dataset data = open_dataset(folder / "data.h5");
  const Run run = run_to(folder / "out.h5");
  const Batches batches(data, run, /*flip=*/true);
  const auto pairing = make({{"type", "semidiscrete-ot"}, {"steps", 300}}, batches, data, run);
  CHECK(pairing->tables().at("potentials").size(0) == 18);
  const NewPairs pairs = pairing->make(row_range(0, 500));
  CHECK(at::equal(pairs.x1, mirrored(data.examples(pairs.example), pairs.flip)));
  const double share = pairs.flip.to(at::kFloat).mean().item<double>();
  CHECK((share > 0.3 && share < 0.7));
}

TEST_CASE("A step of diffusion pulls the data in and adds fresh noise", "[flow]") {
  const Folder folder;
  const Run run = run_to(folder / "out.h5");
  const Dataset data = two_clouds(500);
  const Batches batches(data, run, false);
  const Tensor numbers = row_range(0, 20000);
  const double gamma = 0.3, a = std::exp(-gamma), s = std::sqrt(1 - std::exp(-2 * gamma));
  const auto correlation = [](const Tensor& p, const Tensor& q) {
    const Tensor u = p.flatten(), v = q.flatten();
    return at::corrcoef(at::stack({u, v})).index({0, 1}).item<double>();
  };
  for (const bool dependent : {true, false}) {
    const json options = {{"type", "ou-step"}, {"gamma", gamma}, {"dependent", dependent}};
    const NewPairs pairs = make(options, batches, data, run)->make(numbers);
    INFO("dependent " << dependent);
    CHECK(at::equal(pairs.x1, data.x.index_select(0, pairs.example)));
    const Tensor z = (pairs.x0 - a * pairs.x1) / s;
    if (dependent) {
      CHECK(std::abs(z.mean().item<double>()) < 0.02);
      CHECK(z.var().item<double>() == Approx(1).margin(0.03));
      CHECK(std::abs(correlation(z, pairs.x1)) < 0.02);
      // Another number of the same example has other noise.
      const Tensor first = (pairs.example == pairs.example[0]).nonzero().view(-1);
      CHECK(distance(z[first[0].item<int64_t>()], z[first[1].item<int64_t>()]) > 1e-3);
    } else {
      CHECK(std::abs(correlation(pairs.x0, pairs.x1)) < 0.02);
      const double spread = data.x.var().item<double>();
      CHECK(pairs.x0.var().item<double>() == Approx(a * a * spread + s * s).epsilon(0.03));
    }
  }
}

TEST_CASE("A chain's schedule has one coupling a block", "[flow]") {
  const auto effective = [](const json& given) { return couplings().effective(given, "coupling"); };
  const json step = effective({{"type", "ou-step"}, {"gamma", 0.1}, {"blocks", 3}, {"rho", 1.5}});
  const json free = effective({{"type", "independent"}});
  const auto schedule = one_each(json::array({step, free}));
  REQUIRE(schedule.size() == 4);
  for (const auto& [n, gamma] : {std::pair{0, 0.1}, {1, 0.15}, {2, 0.225}}) {
    CHECK(schedule[n]["gamma"].get<double>() == Approx(gamma));
    CHECK(one_each(schedule[n]) == std::vector<json>{schedule[n]});
  }
  CHECK(schedule[3] == free);
  CHECK(one_each(free) == std::vector<json>{free});
  for (const json& wrong : {json{{"blocks", 0}}, {{"rho", 2.0}}, {{"blocks", 2}, {"rho", -1.0}}}) {
    json given = {{"type", "ou-step"}};
    given.update(wrong);
    CHECK_THROWS_AS(one_each(effective(given)), BadOption);
  }
  const Folder folder;
  const Run run = run_to(folder / "out.h5");
  const Dataset data = two_clouds(8);
  const Batches batches(data, run, false);
  CHECK_THROWS_AS(make(step, batches, data, run), BadOption);
  CHECK_THROWS_AS(make({{"type", "ou-step"}, {"gamma", 0.0}}, batches, data, run), BadOption);
  CHECK_THROWS_WITH(make({{"type", "pushed"}}, batches, data, run), contains("velocity field"));
}
