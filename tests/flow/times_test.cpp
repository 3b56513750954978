#include "flow/times.h"

#include <cmath>

#include "base/error.h"
#include "flow/beta_quantile.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("Every time law is decided by rows and lies in [0, 1]", "[flow]") {
  const Random random(5);
  for (const auto& name : time_laws().names()) {
    INFO(name);
    const auto law = time_laws().make({{"type", name}});
    const Tensor t = law->draw(random, row_range(0, 10000));
    CHECK(t.sizes() == at::IntArrayRef({10000}));
    CHECK(t.min().item<float>() >= 0);
    CHECK(t.max().item<float>() <= 1);
    CHECK(at::equal(law->draw(random, row_range(700, 731)), t.slice(0, 700, 731)));
    CHECK_FALSE(at::equal(law->draw(random.stream("other"), row_range(0, 10000)), t));
  }
}

TEST_CASE("Every time law's draws follow its quantiles", "[flow]") {
  const Tensor u = at::linspace(0.02, 0.98, 49, at::kDouble);
  for (const json& options : {json{{"type", "uniform"}},
                              {{"type", "logit-normal"}},
                              {{"type", "beta"}},
                              {{"type", "beta"}, {"alpha", 3}, {"beta", 0.7}},
                              {{"type", "shifted"}},
                              {{"type", "mode"}},
                              {{"type", "mode"}, {"scale", -0.8}}}) {
    INFO(options);
    const auto law = time_laws().make(options);
    const Tensor t = law->quantile(u);
    CHECK(t.diff().gt(0).all().item<bool>());
    const auto draws = std::get<0>(law->draw(Random(8), row_range(0, 50000)).sort());
    const Tensor below = at::searchsorted(draws.to(at::kDouble), t).to(at::kDouble) / 50000;
    CHECK(distance(below, u) < 1.63 / std::sqrt(50000.));  // Kolmogorov and Smirnov, at 1 %
  }
}

TEST_CASE("Quantiles of the beta law are those known in closed form", "[flow]") {
  const Tensor u = at::cat({at::linspace(0.001, 0.999, 999, at::kDouble),
                            at::tensor({1e-12, 1e-6, 1 - 1e-6}, at::kDouble)});
  const auto close = [&](double alpha, double beta, const Tensor& exact) {
    INFO("Beta(" << alpha << ", " << beta << ")");
    const Tensor t = BetaQuantile(alpha, beta)(u);
    CHECK(distance(t, exact) < 1e-11);  // a rounding of u near 1 moves t by 2e-12
    CHECK(distance(t / exact, at::ones_like(u)) < 1e-9);
  };
  close(1, 1, u);
  for (const double a : {0.1, 0.5, 2.0, 7.0, 60.0}) {
    close(a, 1, u.pow(1 / a));
    close(1, a, -at::expm1(at::log1p(-u) / a));
  }
  close(0.5, 0.5, (M_PI / 2 * u).sin().square());
  const Tensor inner = u.slice(0, 0, 999);           // acos loses digits at the ends
  const Tensor angle = at::acos(1 - 2 * inner) / 3;  // the root of 3 t^2 - 2 t^3 = u in 0 .. 1
  const Tensor cubic = 0.5 - (angle + M_PI / 3).cos();
  CHECK(distance(BetaQuantile(2, 2)(inner), cubic) < 1e-12);
  // Large and uneven: the density's integral is u again.
  const Tensor t = BetaQuantile(40, 25)(at::tensor({0.25, 0.75}, at::kDouble));
  const auto density = [](const Tensor& t) { return (39 * t.log() + 24 * (1 - t).log()).exp(); };
  const Tensor grid = at::linspace(1e-9, 1 - 1e-9, 200001, at::kDouble);
  const Tensor mass = density(grid);
  const double between =
      mass.index({grid.gt(t[0]).logical_and(grid.lt(t[1]))}).sum().item<double>();
  CHECK(between / mass.sum().item<double>() == Approx(0.5).margin(1e-4));
}

TEST_CASE("Shifted and mode laws are SD3's with the clock turned", "[flow]") {
  const Tensor u = at::linspace(0, 1, 101, at::kDouble);
  const auto law = [](const json& options) { return time_laws().make(options); };
  // Eq. 23 and 20 of 2403.03206, with the noise at 1.
  const auto shifted = [](const Tensor& s, double shift) {
    return shift * s / (1 + (shift - 1) * s);
  };
  const auto mode = [](const Tensor& s, double scale) {
    return 1 - s - scale * ((M_PI / 2 * s).cos().square() - 1 + s);
  };
  for (const double a : {0.5, 1.0, 3.0}) {
    CHECK(distance(law({{"type", "shifted"}, {"shift", a}})->quantile(u), 1 - shifted(1 - u, a)) <
          1e-14);
  }
  for (const double s : {-1.0, 0.0, 1.29, 1.75}) {
    CHECK(distance(law({{"type", "mode"}, {"scale", s}})->quantile(u), 1 - mode(u, s)) < 1e-14);
  }
  CHECK(law({{"type", "shifted"}})->quantile(u).mean().item<double>() < 0.4);  // the noise's side
  for (const auto& [alpha, beta] : {std::pair{0.01, 0.01}, {0.01, 1e4}, {1e4, 0.01}, {1e4, 1e4}}) {
    INFO("Beta(" << alpha << ", " << beta << ")");
    const Tensor t = law({{"type", "beta"}, {"alpha", alpha}, {"beta", beta}})->quantile(u);
    CHECK(t.ge(0).logical_and(t.le(1)).all().item<bool>());  // nan is neither
    CHECK(t.diff().ge(0).all().item<bool>());
  }
  for (const json& wrong : {json{{"type", "beta"}, {"alpha", 0}},
                            {{"type", "beta"}, {"alpha", 1e-6}},
                            {{"type", "beta"}, {"beta", 1e6}},
                            {{"type", "beta"}, {"beta", -1}},
                            {{"type", "shifted"}, {"shift", 0}},
                            {{"type", "mode"}, {"scale", 1.8}},
                            {{"type", "mode"}, {"scale", -1.1}}}) {
    INFO(wrong);
    CHECK_THROWS_AS(law(wrong), BadOption);
  }
}

TEST_CASE("The logit-normal law's quantiles are the reference's", "[parity]") {
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    const Tensor u = file.read("time_density/u");
    int groups = 0;
    for (const auto& name : file.datasets("time_density")) {
      if (!name.ends_with("/quantile_of_u")) continue;
      ++groups;
      const std::string group = "time_density/" + name.substr(0, name.find('/'));
      const double m = file.attribute(group, "m"), s = file.attribute(group, "s");
      INFO(golden << ", " << group);
      // Our clock is theirs turned round, and the mean's sign with it.
      const auto law = time_laws().make({{"type", "logit-normal"}, {"mean", -m}, {"std", s}});
      CHECK(distance(1 - law->quantile(1 - u), file.read("time_density/" + name)) < 1e-12);
    }
    CHECK(groups > 0);
  }
}

TEST_CASE("The logit-normal law has the density's moments", "[flow]") {
  for (const auto& [mean, std] : {std::pair{0.2, 1.0}, {-1.0, 0.5}, {0.0, 2.0}}) {
    const auto law = time_laws().make({{"type", "logit-normal"}, {"mean", mean}, {"std", std}});
    const Tensor t = law->draw(Random(6), row_range(0, 200000)).to(at::kDouble);
    const Tensor n = at::linspace(-8, 8, 4001, at::kDouble);
    const Tensor weight = (-0.5 * n.square()).softmax(0), at_n = (std * n + mean).sigmoid();
    const double exact = (weight * at_n).sum().item<double>();
    INFO("mean " << mean << ", std " << std);
    CHECK(t.mean().item<double>() == Approx(exact).margin(0.003));
    CHECK(t.square().mean().item<double>() ==
          Approx((weight * at_n.square()).sum().item<double>()).margin(0.003));
    CHECK((mean > 0) == (exact > 0.5 + 1e-9));  // above 0: towards the data
  }
}

TEST_CASE("The logit-normal law follows the reference's distribution", "[parity]") {
  // Theirs runs from data to noise: mean and clock change sign together.
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    const std::string group = "time_density/logit_normal_mean-0.2_std1.0/";
    const auto law = time_laws().make({{"type", "logit-normal"}});
    const Tensor t = 1 - law->draw(Random(7), row_range(0, 100000)).to(at::kDouble);
    const Tensor at_t = file.read("time_density/t"), cdf = file.read(group + "cdf");
    const Tensor below = at::searchsorted(std::get<0>(t.sort()), at_t).to(at::kDouble) / 1e5;
    CHECK(distance(below, cdf) < 1.63 / std::sqrt(1e5));  // Kolmogorov and Smirnov, at 1 %
    CHECK(t.mean().item<double>() ==
          Approx(file.read(group + "mean").item<double>()).margin(0.003));
    CHECK(t.var().item<double>() ==
          Approx(file.read(group + "variance").item<double>()).margin(0.001));
  }
}
