#include "flow/sde.h"

#include "base/error.h"
#include "flow/solver.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

constexpr double m = 0.7, s = 0.4;  // x1 ~ N(m, s^2), x0 ~ N(0, 1), independent

struct Marginal {
  Tensor mean, variance, velocity, score;
};

/// What is known of x_t = alpha x0 + beta x1 at the points x (N, D).
Marginal exact(const Interpolant& path, const Tensor& x, const Tensor& t) {
  const auto at = [&](const Tensor& of_t) { return of_t.unsqueeze(1); };
  const Tensor a = at(path.alpha(t)), b = at(path.beta(t));
  const Tensor variance = a.square() + s * s * b.square(), from = x - m * b;
  const Tensor covariance = a * at(path.alpha_dot(t)) + s * s * b * at(path.beta_dot(t));
  return {m * b, variance, m * at(path.beta_dot(t)) + covariance / variance * from,
          -from / variance};
}

const std::vector<std::string> forms = {"sigma", "linear", "constant", "decreasing",
                                        "increasing-decreasing"};

}  // namespace

TEST_CASE("The score follows from the velocity of independent pairs, on every path", "[flow]") {
  const Tensor x = at::linspace(-2, 2, 22, at::kDouble).view({11, 2});
  for (const auto& name : interpolant_names()) {
    const Tensor t = at::linspace(0, 0.99, 11, at::kDouble);
    const Marginal at_t = exact(interpolant(name), x, t);
    INFO(name);
    CHECK(distance(score(interpolant(name), at_t.velocity, x, t), at_t.score) < 1e-11);
  }
}

TEST_CASE("The stochastic sampler keeps the marginals, whatever the diffusion", "[flow]") {
  const Tensor rows = row_range(0, 10000);
  const Tensor x0 = Random(1).normal(rows, {1}).to(at::kDouble);
  for (const std::string path_name : {"linear", "trigonometric"}) {
    const Interpolant& path = interpolant(path_name);
    const Velocity v = [&](const Tensor& x, const Tensor& t) { return exact(path, x, t).velocity; };
    auto times = time_grid("uniform", 120);
    for (double& t : times) t *= 0.999;
    times.push_back(1);
    const Tensor without = integrate(solver("heun"), v, x0, times);
    for (const auto& form : forms) {
      if (path_name != "linear" && form != "sigma") continue;
      const Tensor x1 = integrate(sde(form, 1, path), v, x0, times, Random(2), rows);
      INFO(path_name << ", " << form);
      CHECK(x1.mean().item<double>() == Approx(m).margin(0.016));
      CHECK(x1.std().item<double>() == Approx(s).margin(0.015));
      // An end point tells less of its noise the more was added on the way.
      const Tensor both = at::corrcoef(at::cat({x1, without}, 1).t());
      CHECK(both[0][1].item<double>() < 0.8);
    }
    const Tensor little = integrate(sde("sigma", 1e-10, path), v, x0, times, Random(2), rows);
    CHECK(distance(little, integrate(solver("euler"), v, x0, times)) < 1e-3);
  }
}

TEST_CASE("Rows decide the noise of a path; its last step adds none", "[flow]") {
  const Interpolant& path = interpolant("linear");
  const Velocity v = [&](const Tensor& x, const Tensor& t) { return exact(path, x, t).velocity; };
  const Tensor rows = row_range(0, 40), x0 = Random(1).normal(rows, {2, 3}).flatten(1);
  const auto times = time_grid("quadratic", 5);
  const auto carry = [&](const Tensor& x, const Tensor& rows, uint64_t seed) {
    return integrate(sde("sigma", 1, path), v, x, times, Random(seed), rows);
  };
  const Tensor all = carry(x0, rows, 3);
  CHECK(at::equal(carry(x0.slice(0, 11, 30), rows.slice(0, 11, 30), 3), all.slice(0, 11, 30)));
  CHECK(distance(carry(x0, rows, 4), all) > 0.1);
  CHECK(distance(carry(x0, rows + 1, 3), all) > 0.1);
  const Tensor zero = at::zeros({40}), v0 = v(x0, zero);
  const Tensor one = integrate(sde("constant", 2, path), v, x0, {0, 1}, Random(3), rows);
  CHECK(distance(one, x0 + v0 + 2 * score(path, v0, x0, zero)) < 1e-6);
}

TEST_CASE("A diffusion that is not there is refused by name", "[flow]") {
  CHECK_THROWS_WITH(sde("sgma", 1, interpolant("linear")), contains("did you mean 'sigma'"));
  CHECK_THROWS_AS(sde("sigma", 0, interpolant("linear")), BadOption);
}
