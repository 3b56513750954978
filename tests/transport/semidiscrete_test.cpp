#include "transport/semidiscrete.h"

#include <ATen/Parallel.h>

#include "base/error.h"
#include "testing.h"
#include "transport/best_score.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

Tensor points(int64_t m, int64_t d) { return Random(6).normal(row_range(0, m), {d}) * 0.7 + 0.4; }

Tensor uniform_weights(int64_t m) {
  return at::full({m}, 1.0 / static_cast<double>(m), at::kDouble);
}

double number(const Tensor& value) { return value.to(at::kDouble).item<double>(); }

/// One case of the reference.
struct Case {
  const h5::File& file;
  std::string at;
  Tensor y = read("y"), z = read("z"), g = read("g"), b = read("b");

  Case(const h5::File& file, const std::string& name)
      : file(file), at("semidiscrete/" + name + "/") {
    if (y.dim() == 1) y = y.unsqueeze(1);
  }
  bool has(const std::string& name) const { return file.has(at + name); }
  Tensor read(const std::string& name) const {
    const Tensor value = file.read(at + name);
    return value.is_floating_point() ? value.to(at::kDouble) : value;
  }
};

void for_each_case(const std::function<void(const Case&)>& f) {
  for (const auto& path : golden_files("numerics", "ot")) {
    const h5::File file = h5::File::open(path);
    for (const auto& name : file.datasets("semidiscrete")) {
      if (!name.ends_with("/g")) continue;
      INFO(path << ", semidiscrete/" << name);
      f(Case(file, name.substr(0, name.size() - 2)));
    }
  }
}

/// Mean and standard error of <z, y_j*> over noises.
std::pair<double, double> inner_product(const Case& c, int64_t samples) {
  const Tensor z = Random(9).normal(row_range(0, samples), {c.y.size(1)}).to(at::kDouble);
  const Tensor each = (z * c.y.index_select(0, assign_noise(z, c.y, c.g))).sum(1);
  return {number(each.mean()), number(each.std()) / std::sqrt(static_cast<double>(samples))};
}

}  // namespace

TEST_CASE("Noise goes to the reference's points", "[parity][transport]") {
  for_each_case([](const Case& c) {
    const Tensor sure = c.read("margin") > 1e-5;
    const Tensor expected = c.read("assignment");
    for (const auto type : {at::kDouble, at::kFloat}) {
      const Tensor found = assign_noise(c.z.to(type), c.y, c.g);
      CHECK_FALSE((found.ne(expected) & sure).any().item<bool>());
    }
    if (!c.has("soft_eps")) return;
    const double eps = number(c.read("soft_eps"));
    const Tensor z = c.z.narrow(0, 0, c.read("soft_f_first64").size(0));
    CHECK(distance(soft_values(z, c.y, c.g, c.b, eps), c.read("soft_f_first64")) < 1e-10);
    CHECK(distance(soft_weights(z, c.y, c.g, c.b, eps), c.read("soft_weights_first64")) < 1e-10);
  });
}

TEST_CASE("Cells have the reference's masses and the transport its cost", "[parity][transport]") {
  for_each_case([](const Case& c) {
    constexpr int64_t samples = 400000;
    const double B = samples;
    const Tensor share = hits(c.y, c.g, Random(9), samples) / B;
    const Tensor mass = c.has("cell_mass") ? c.read("cell_mass") : c.b;
    const Tensor error =
        c.has("cell_mass_error") ? c.read("cell_mass_error") : at::zeros_like(mass);
    const Tensor noise = (mass * (1 - mass) / B).sqrt();
    CHECK(((share - mass).abs() <= error + 4.5 * noise).all().item<bool>());
    const double cells = static_cast<double>(mass.size(0));
    CHECK(std::abs(chi2(share * B, c.b)) < 1e-4 + 6 * std::sqrt(2 * cells) / B);

    // W2^2 = d + sum b |y|^2 - 2 E <z, y_j*>
    const auto [mean, own] = inner_product(c, samples);
    const bool drawn = c.has("w2_squared_monte_carlo");
    const std::string name = drawn ? "w2_squared_monte_carlo" : "w2_squared";
    const double theirs = drawn ? c.file.attribute(c.at + name, "standard_error").get<double>() : 0;
    const double w2 =
        static_cast<double>(c.y.size(1)) + number(c.b.dot(c.y.square().sum(1))) - 2 * mean;
    CHECK(w2 == Approx(number(c.read(name))).epsilon(0).margin(4 * std::hypot(theirs, 2 * own)));
  });
}

TEST_CASE("The ascent finds the reference's potentials", "[parity][transport]") {
  for_each_case([](const Case& c) {
    // Ascents of other noises tell how much of the result is noise.
    const Semidiscrete options{.steps = 3000, .batch = 512};
    const Tensor y = c.y.to(at::kFloat);
    std::vector<Tensor> found;
    for (const uint64_t seed : {0, 1, 2}) {
      Ascent ascent = begin_ascent(y, c.b);
      ascend(ascent, y, options, Random(seed), options.steps, c.b);
      found.push_back(ascent.average);
    }
    const double own = number(at::stack(found).std(0).max());
    const Tensor theirs = c.has("g_error") ? c.read("g_error") : at::zeros_like(c.g);
    INFO("own noise " << own << ", largest gap " << distance(found[0], c.g));
    CHECK(own < 0.03);
    const Tensor bound = 4 * (theirs + own);
    CHECK(((found[0] - c.g).abs() <= bound).all().item<bool>());
    const Tensor sure = c.read("margin") > 2 * bound.max();
    const Tensor index = assign_noise(c.z, c.y, found[0]);
    CHECK(number(sure.to(at::kDouble).mean()) > 0.1);
    CHECK_FALSE((index.ne(c.read("assignment")) & sure).any().item<bool>());
  });
}

TEST_CASE("Assignments are those of the whole matrix of scores", "[transport]") {
  const Tensor y = points(2500, 12), g = 0.1 * Random(2).normal(row_range(0, 2500), {});
  const Tensor z = Random(1).normal(row_range(0, 700), {12});
  const Tensor scores = (at::mm(z.to(at::kDouble), y.to(at::kDouble).t()) + g);
  const Tensor best = std::get<0>(scores.max(1));
  const auto check = [&](const Tensor& index) {
    CHECK(distance(scores.gather(1, index.unsqueeze(1)).squeeze(1), best) < 1e-5);
  };
  const Tensor one = assign_noise(z, y, g);
  check(one);
  check(assign_noise(z.to(at::kDouble), y, g));
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  check(assign_noise(z, y, g));
  at::set_num_threads(before);
  // Of equal points the first has all.
  CHECK(at::equal(assign_noise(z, at::cat({y, y}), at::cat({g, g})), one));
}

TEST_CASE("Both ways of keeping the best score agree", "[transport]") {
  for (const int64_t m : {1, 16, 45, 200}) {
    // Few values: many are equal.
    const Tensor M = (2 * Random(7).normal(row_range(0, 33), {m})).round();
    const Tensor g = Random(8).normal(row_range(0, m), {}).round();
    Tensor best[2], index[2];
    for (const bool loops : {false, true}) {
      best[loops] = at::full({33}, 1.5), index[loops] = at::full({33}, 3, at::kLong);
      (loops ? take_best : take_best_by_tensors)(M, g, 100, best[loops], index[loops]);
    }
    CHECK(at::equal(best[0], best[1]));
    CHECK(at::equal(index[0], index[1]));
  }
}

TEST_CASE("An ascent evens out the cells; one that is resumed changes no bit", "[transport]") {
  const Tensor y = points(200, 8);
  for (const double epsilon : {0.0, 0.05}) {
    const Semidiscrete options{.steps = 300, .batch = 256, .epsilon = epsilon};
    Ascent whole = begin_ascent(y), parts = begin_ascent(y);
    const double before = chi2(hits(y, whole.g, Random(3), 20000), uniform_weights(200));
    ascend(whole, y, options, Random(3), 300);
    for (const int64_t until : {1, 120, 300, 300}) ascend(parts, y, options, Random(3), until);
    CHECK(whole.step == 300);
    CHECK(at::equal(whole.g, parts.g));
    CHECK(at::equal(whole.average, parts.average));
    CHECK(std::abs(number(whole.average.mean())) < 1e-12);
    if (epsilon > 0) continue;
    const double after = chi2(hits(y, whole.average, Random(3), 20000), uniform_weights(200));
    INFO("chi^2 " << before << " before, " << after << " after");
    CHECK(after < 0.05);
    CHECK(before > 4 * after);
  }
}

TEST_CASE("Semidiscrete transport says what it cannot take", "[transport]") {
  const Tensor y = points(6, 3);
  CHECK_THROWS_WITH(assign_noise(at::ones({2, 4}), y, at::zeros({6})), contains("potential"));
  CHECK_THROWS_WITH(assign_noise(at::ones({2, 3}), y, at::zeros({5})), contains("potential"));
  CHECK_THROWS_WITH(begin_ascent(y / 0), contains("finite"));
  CHECK_THROWS_WITH(begin_ascent(y.narrow(0, 0, 0)), contains("both sides"));
  CHECK_THROWS_WITH(begin_ascent(y, at::ones({5})), contains("weights"));
  CHECK_THROWS_WITH(soft_values(y, y, at::ones({6}), at::ones({6}), 0), contains("above 0"));
  CHECK_THROWS_WITH(chi2(at::zeros({6}), at::ones({6}) / 6), contains("two draws"));
  Ascent ascent = begin_ascent(y);
  CHECK_THROWS_AS(ascend(ascent, y, {.lr = 0}, Random(1), 1), BadOption);
  CHECK_THROWS_AS(ascend(ascent, y, {.batch = 0}, Random(1), 1), BadOption);
  CHECK_THROWS_WITH(ascend(ascent, points(7, 3), {}, Random(1), 1), contains("goes on"));
}
