#include "flow/solver.h"

#include <cmath>

#include "base/error.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

Tensor decay(const Tensor& x, const Tensor&) { return -x; }

double error_of(const Solver& method, int64_t steps) {
  const Tensor x = at::tensor({1.0, -0.5}, at::kDouble).unsqueeze(1);
  const Tensor end = integrate(method, decay, x, time_grid("uniform", steps));
  return distance(end, x * std::exp(-1.0));
}

/// The fields that the reference solved; empty where a group is another's.
Velocity reference_field(const h5::File& file, const std::string& group) {
  if (group == "ode/linear") {
    return [A = file.read(group + "/matrix")](const Tensor& x, const Tensor&) {
      return x.matmul(A.t());
    };
  }
  if (group == "ode/lotka_volterra") {
    const auto p = file.read(group + "/parameters").unbind();
    return [p](const Tensor& x, const Tensor&) {
      const auto y = x.unbind(1);
      return at::stack({p[0] * y[0] - p[1] * y[0] * y[1], p[3] * y[0] * y[1] - p[2] * y[1]}, 1);
    };
  }
  return {};
}

}  // namespace

TEST_CASE("Every solver converges at its order, there and back", "[flow]") {
  for (const auto& name : solver_names()) {
    const Solver& method = solver(name);
    const double order = name == "euler" ? 1 : 2;
    const double ratio = error_of(method, 32) / error_of(method, 64);
    INFO(name << ": error falls by " << ratio);
    CHECK(std::log2(ratio) == Approx(order).margin(0.1));

    const Tensor x = at::linspace(-1, 1, 6, at::kDouble).view({3, 2});
    const auto there_and_back = [&](int64_t steps) {
      auto times = time_grid("quadratic", steps);
      const Tensor end = integrate(method, decay, x, times);
      std::reverse(times.begin(), times.end());
      return distance(integrate(method, decay, end, times), x);
    };
    CHECK(there_and_back(64) < (order == 1 ? 0.05 : 1e-3));
    CHECK(there_and_back(64) < 0.6 * there_and_back(32));
  }
}

TEST_CASE("A solver evaluates the field as often as it says, at the times it should", "[flow]") {
  for (const auto& name : solver_names()) {
    for (const int64_t steps : {1, 2, 5}) {
      int64_t calls = 0;
      double last = -1;
      const Velocity counted = [&](const Tensor& x, const Tensor& t) {
        ++calls;
        last = t[0].item<double>();
        CHECK(t.sizes() == at::IntArrayRef({2}));
        CHECK((last >= 0 && last <= 1));
        return at::ones_like(x);
      };
      const Tensor x = at::zeros({2, 1, 3}, at::kDouble);
      const Tensor end = integrate(solver(name), counted, x, time_grid("uniform", steps));
      INFO(name << ", " << steps << " steps");
      CHECK(calls == evaluations(solver(name), steps));
      CHECK(distance(end, x + 1) < 1e-14);
      CHECK(last == (name == "heun" ? Approx(1) : Approx(1 - 1.0 / static_cast<double>(steps))));
    }
  }
  CHECK(evaluations(solver("heun-euler"), 18) == 35);
}

TEST_CASE("Time grids rise from 0 to 1", "[flow]") {
  CHECK(time_grid("uniform", 4) == std::vector<double>{0, 0.25, 0.5, 0.75, 1});
  CHECK(time_grid("quadratic", 4) == std::vector<double>{0, 0.4375, 0.75, 0.9375, 1});
  CHECK_THROWS_AS(time_grid("cubic", 4), BadOption);
  CHECK_THROWS_AS(time_grid("uniform", 0), BadOption);
  CHECK_THROWS_AS(time_grid("uniform", -3), BadOption);
  CHECK_THROWS_WITH(solver("hen"), contains("did you mean 'heun'"));
}

TEST_CASE("Solvers give the reference's points", "[parity]") {
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    for (const std::string group : {"ode/linear", "ode/lotka_volterra"}) {
      const Velocity v = reference_field(file, group);
      const Tensor x = file.read(group + "/x_start"), steps = file.read(group + "/steps");
      for (const auto& [name, method, grid] : {std::tuple{"euler", "euler", "uniform"},
                                               {"heun2", "heun", "uniform"},
                                               {"heun2_last_step_euler", "heun-euler", "uniform"},
                                               {"euler_quadratic_grid", "euler", "quadratic"}}) {
        const Tensor expected = file.read(group + "/" + name);
        for (int64_t i = 0; i < steps.size(0); ++i) {
          const auto times = time_grid(grid, steps[i].item<int64_t>());
          INFO(golden << ", " << group << ", " << name << ", " << times.size() - 1 << " steps");
          const double size = expected[i].abs().max().item<double>();
          CHECK(distance(integrate(solver(method), v, x, times), expected[i]) < 1e-11 * size);
        }
      }
    }
  }
}
