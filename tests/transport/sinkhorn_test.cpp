#include "transport/sinkhorn.h"

#include <ATen/Parallel.h>

#include "base/error.h"
#include "base/random.h"
#include "testing.h"
#include "transport/centred.h"
#include "transport/half_steps.h"
#include "transport/products.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// Two sets of points that differ in place and spread.
std::pair<Tensor, Tensor> two_sets(int64_t n, int64_t m, int64_t d) {
  const Random random(3);
  const Tensor y = random.stream("y").normal(row_range(0, m), {d});
  return {random.stream("x").normal(row_range(0, n), {d}), 0.5 * y + 0.3 * y.pow(2)};
}

double number(const h5::File& file, const std::string& name) {
  return file.read(name).item<double>();
}

/// The names that two levels of groups have under a group: "case/part/…".
std::set<std::string> parts_of(const h5::File& file, const std::string& group,
                               const std::string& dataset) {
  std::set<std::string> parts;
  for (const auto& name : file.datasets(group)) {
    if (name.ends_with("/" + dataset)) parts.insert(name.substr(0, name.size() - dataset.size()));
  }
  return parts;
}

}  // namespace

TEST_CASE("Sinkhorn finds the reference's potentials and plans", "[parity][transport]") {
  for (const auto& path : golden_files("numerics", "ot")) {
    const h5::File file = h5::File::open(path);
    for (const auto& part : parts_of(file, "sinkhorn", "eps_absolute")) {
      INFO(path << ", sinkhorn/" << part);
      const std::string at = "sinkhorn/" + part,
                        group = "sinkhorn/" + part.substr(0, part.find('/'));
      const Tensor a = file.read(group + "/a"), b = file.read(group + "/b");
      const std::string points = "points/" + part.substr(0, part.find('_'));
      const Tensor x = file.read(points + "/x").narrow(0, 0, a.size(0)).to(at::kDouble);
      const Tensor y = file.read(points + "/y").narrow(0, 0, b.size(0)).to(at::kDouble);
      CHECK(mean_cost(centred(x, y)) ==
            Approx(number(file, group + "/cost_mean_all_pairs")).epsilon(1e-12));

      const auto plan = sinkhorn(x, y,
                                 {.epsilon = number(file, at + "eps_relative_to_mean_cost"),
                                  .tolerance = 2e-13,
                                  .iterations = 20000},
                                 a, b);
      INFO("error " << plan.error << " after " << plan.iterations << " iterations");
      CHECK(plan.epsilon == Approx(number(file, at + "eps_absolute")).epsilon(1e-12));
      CHECK(plan.error < 1e-12);
      CHECK(distance(plan.f, file.read(at + "f")) <= 1e-8 * plan.epsilon);
      CHECK(distance(plan.g, file.read(at + "g")) <= 1e-8 * plan.epsilon);

      const PlanFacts facts = facts_of(plan);
      const double eps = plan.epsilon;
      const auto close = [&](double found, const char* name) {
        INFO(name);
        CHECK(found == Approx(number(file, at + name)).epsilon(1e-9));
      };
      close(facts.cost, "transport_cost");
      close(facts.kl, "kl_to_product");
      close(facts.entropy, "entropy");
      close(facts.cost + eps * facts.kl, "regularised_cost_kl");
      close(facts.cost - eps * facts.entropy, "regularised_cost_entropy");
      CHECK(distance(facts.row_marginal, file.read(at + "row_marginal")) < 1e-11);
      CHECK(distance(facts.column_marginal, file.read(at + "col_marginal")) < 1e-11);
      CHECK(at::equal(row_argmax(plan), file.read(at + "row_argmax")));
      const Tensor projected = file.read(at + "barycentric_projection_first4");
      CHECK(distance(barycentres(plan).narrow(1, 0, projected.size(1)), projected) < 1e-8);
    }
  }
}

TEST_CASE("A plan is the same whether costs are kept or recomputed, on one thread or two",
          "[transport]") {
  const auto [x, y] = two_sets(700, 500, 24);
  const Sinkhorn options{.epsilon = 0.02, .tolerance = 1e-5};
  const auto kept = sinkhorn(x, y, options);
  auto tiled = options;
  tiled.memory = 0;
  CHECK_FALSE(Products(x, y, 0).kept());
  CHECK(Products(x, y, 700 * 500 * 4).kept());
  const auto again = sinkhorn(x, y, tiled);
  CHECK(again.iterations == kept.iterations);
  CHECK(distance(again.f, kept.f) < 1e-4 * kept.epsilon);

  const int before = at::get_num_threads();
  at::set_num_threads(2);
  const auto two = sinkhorn(x, y, options), twice = sinkhorn(x, y, options);
  at::set_num_threads(before);
  CHECK(distance(two.g, kept.g) < 1e-4 * kept.epsilon);
  CHECK(at::equal(two.g, twice.g));
}

TEST_CASE("Both ways of taking half-steps agree, near and far from the guess", "[transport]") {
  const Random random(8);
  for (const int64_t m : {5, 16, 47, 333}) {
    const Tensor M = 40 * random.normal(row_range(0, 19), {m});
    const Tensor v = 3 * random.stream("v").normal(row_range(0, m), {}).to(at::kDouble);
    const Tensor a = at::full({19}, 1.0 / 19, at::kDouble);
    const Tensor exact = at::empty_like(a), q = at::zeros_like(v);
    half_steps_by_tensors(M.to(at::kDouble), v, 1.5, a, exact, q);
    CHECK(distance(exact, (v + 1.5 * M.to(at::kDouble)).logsumexp(1)) < 1e-12);
    for (const double off : {0.0, 3.0, -50.0, 1e6, std::nan("")}) {
      INFO(m << " columns, guess off by " << off);
      const Tensor lse = exact + off, sums = at::zeros_like(v);
      half_steps(M, v, 1.5, a, lse, sums);
      CHECK(distance(lse, exact) < 1e-4);
      CHECK(distance(sums, q) < 1e-5);
    }
  }
}

TEST_CASE("Sinkhorn in fp32 stays in range at a small epsilon", "[transport]") {
  const auto [x, y] = two_sets(300, 300, 40);
  const Sinkhorn options{.epsilon = 0.001, .tolerance = 1e-3, .iterations = 5000};
  const auto exact = sinkhorn(x.to(at::kDouble), y.to(at::kDouble), options);
  for (const bool warm : {false, true}) {
    // From zero at the small epsilon itself: most columns underflow at first.
    const auto plan = sinkhorn(x, y, options, {}, {}, warm ? at::zeros({300}) : Tensor());
    INFO("error " << plan.error << " after " << plan.iterations << ", exact " << exact.iterations);
    CHECK(plan.error <= options.tolerance);
    CHECK(facts_of(plan).cost == Approx(facts_of(exact).cost).epsilon(1e-3));
    CHECK(at::isfinite(plan.f).all().item<bool>());
  }
}

TEST_CASE("Momentum, annealing and a warm start lead to one plan", "[transport]") {
  auto [x, y] = two_sets(200, 150, 6);
  x = x.to(at::kDouble), y = y.to(at::kDouble);
  const Sinkhorn options{.epsilon = 0.02, .tolerance = 1e-11, .iterations = 20000};
  auto plain = options;
  plain.momentum = false;
  const auto fast = sinkhorn(x, y, options), slow = sinkhorn(x, y, plain);
  CHECK(distance(fast.g, slow.g) < 1e-7 * fast.epsilon);
  CHECK(fast.iterations < slow.iterations);
  const auto warm = sinkhorn(x, y, options, {}, {}, fast.g);
  CHECK(warm.iterations == 10);
  CHECK(distance(warm.g, fast.g) < 1e-7 * fast.epsilon);
  const auto turned = sinkhorn(y, x, options), back = transposed(turned);
  CHECK(distance(back.f, fast.f) < 1e-6 * fast.epsilon);
  CHECK(distance(back.g, fast.g) < 1e-6 * fast.epsilon);
}

TEST_CASE("Columns are drawn by the plan's rows", "[transport]") {
  const auto [x, y] = two_sets(40, 30, 3);
  const auto plan = sinkhorn(x, y, {.epsilon = 0.1});
  const Tensor P =
      ((plan.f.unsqueeze(1) + plan.g - at::cdist(x, y).square()) / plan.epsilon + plan.b.log())
          .softmax(1);
  constexpr int64_t draws = 2000;
  Tensor counts = at::zeros_like(P);
  const Random random(4);
  for (int64_t k = 0; k < draws; ++k) {
    const Tensor drawn = draw_columns(plan, random.uniform(row_range(40 * k, 40 * k + 40), {}));
    counts.scatter_add_(1, drawn.unsqueeze(1), at::ones({40, 1}, counts.options()));
  }
  // Pearson's statistic over the cells that count.
  const Tensor expected = draws * P, likely = expected.gt(5);
  const Tensor chi2 =
      ((counts - expected).square() / expected).where(likely, at::zeros({}, at::kDouble));
  const double cells = likely.sum().item<double>();
  CHECK(chi2.sum().item<double>() == Approx(cells).margin(5 * std::sqrt(2 * cells) + 40));

  const Tensor ends = draw_columns(plan, at::ones({40}));
  CHECK(ends.max().item<int64_t>() < 30);
  const PlanFacts facts = facts_of(plan);
  CHECK(facts.sharpness == Approx(1 - facts.kl / std::log(30)).epsilon(1e-9));
}

TEST_CASE("Sinkhorn says what it cannot take", "[transport]") {
  const auto [x, y] = two_sets(8, 6, 2);
  CHECK_THROWS_WITH(sinkhorn(x, y.narrow(0, 0, 0), {}), contains("on both sides"));
  CHECK_THROWS_WITH(sinkhorn(x, y.narrow(1, 0, 1), {}), contains("shape"));
  CHECK_THROWS_WITH(sinkhorn(x / 0, y, {}), contains("finite"));
  CHECK_THROWS_WITH(sinkhorn(at::ones({3, 2}), at::ones({2, 2}), {}), contains("equal"));
  CHECK_THROWS_AS(sinkhorn(x, y, {.epsilon = 0}), BadOption);
  CHECK_THROWS_AS(sinkhorn(x, y, {.iterations = 0}), BadOption);
  CHECK_THROWS_WITH(sinkhorn(x, y, {}, at::ones({6})), contains("weights of 8 points x"));
  CHECK_THROWS_WITH(sinkhorn(x, y, {}, {}, at::zeros({6})), contains("above 0"));
  CHECK_THROWS_WITH(sinkhorn(x, y, {}, {}, {}, at::zeros({8})), contains("start from"));
  const auto plan = sinkhorn(x, y, {});
  CHECK_THROWS_WITH(draw_columns(plan, at::ones({6})), contains("a number for each"));
}
