#include "flow/solver.h"

#include <cmath>

#include "base/error.h"
#include "flow/solvers/dopri5.h"
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

std::vector<std::string> with_given_steps() {
  std::vector<std::string> names = solver_names();
  std::erase(names, "dopri5");
  return names;
}

/// A field that counts how often it is asked, and where first and last.
struct Counted {
  Velocity field;
  int64_t calls = 0;
  double least = 1e9, most = -1e9;
  Velocity velocity() {
    return [this](const Tensor& x, const Tensor& t) {
      ++calls;
      least = std::min(least, t.min().item<double>());
      most = std::max(most, t.max().item<double>());
      return field(x, t);
    };
  }
};

/// The fields that the reference solved.
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
  REQUIRE(group == "ode/gaussian_mixture");
  const Tensor w = file.read(group + "/weights"), m = file.read(group + "/means"),
               s = file.read(group + "/stds");
  return [=](const Tensor& x, const Tensor& t) {
    const Tensor r = t.unsqueeze(1), var = (1 - r).square() + (r * s).square();  // (N, K)
    const Tensor from = x.unsqueeze(1) - r.unsqueeze(2) * m;                     // (N, K, D)
    const Tensor log_p = w.log() - from.square().sum(2) / (2 * var) - var.log();
    const Tensor slope = (r * s.square() - (1 - r)) / var;
    return (log_p.softmax(1).unsqueeze(2) * (m + slope.unsqueeze(2) * from)).sum(1);
  };
}

const std::vector<std::string> groups = {"ode/linear", "ode/lotka_volterra",
                                         "ode/gaussian_mixture"};

}  // namespace

TEST_CASE("Every solver converges at its order, there and back", "[flow]") {
  const std::map<std::string, double> orders = {
      {"euler", 1}, {"heun3", 3}, {"rk4", 4}, {"rk4-38", 4}};
  for (const auto& name : with_given_steps()) {
    const Solver& method = solver(name);
    const double order = orders.contains(name) ? orders.at(name) : 2;
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

TEST_CASE("A solver evaluates the field as often as its rule says, at the times it should",
          "[flow]") {
  const std::map<std::string, int64_t> stages = {
      {"euler", 1}, {"heun3", 3}, {"rk4", 4}, {"rk4-38", 4}};  // the others two
  for (const auto& name : with_given_steps()) {
    for (const int64_t steps : {1, 2, 5}) {
      Counted counted{[](const Tensor& x, const Tensor& t) {
        CHECK(t.sizes() == at::IntArrayRef({2}));
        return at::ones_like(x);
      }};
      const Tensor x = at::zeros({2, 1, 3}, at::kDouble);
      const Tensor end =
          integrate(solver(name), counted.velocity(), x, time_grid("uniform", steps));
      INFO(name << ", " << steps << " steps");
      const int64_t each = stages.contains(name) ? stages.at(name) : 2;
      CHECK(counted.calls == each * steps - (name == "heun-euler" ? 1 : 0));
      CHECK(distance(end, x + 1) < 1e-14);
      CHECK(counted.least == 0);
      const std::map<std::string, double> from_end = {
          {"euler", 1}, {"heun-euler", 1}, {"midpoint", 0.5}, {"heun3", 1. / 3}};
      const double before = from_end.contains(name) ? from_end.at(name) : 0;
      CHECK(counted.most == Approx(1 - before / static_cast<double>(steps)));
    }
  }
}

TEST_CASE("dopri5 keeps its tolerance and ends its steps where it is asked to", "[flow]") {
  const Tensor x = at::linspace(-1, 1, 6, at::kDouble).view({3, 2});
  const Velocity turning = [](const Tensor& x, const Tensor& t) {
    return x * (5 * t).cos().unsqueeze(1);
  };
  const auto exact = [&](double t) { return x * std::exp(std::sin(5 * t) / 5); };
  int64_t before = 0;
  for (const double tolerance : {1e-3, 1e-6, 1e-9, 1e-12}) {
    Solver method = solver("dopri5");
    method.rtol = method.atol = tolerance;
    INFO("tolerance " << tolerance);
    for (const std::vector<double>& times : {std::vector{0., 1.}, {0., 0.3, 0.31, 1.}}) {
      Counted there{turning}, back{turning};
      const Tensor end = integrate(method, there.velocity(), x, times);
      CHECK(distance(end, exact(1)) < 20 * tolerance);
      CHECK((there.least == 0 && there.most == 1));
      CHECK(there.calls % 6 == 2);  // two to begin, six a step
      const std::vector<double> reversed(times.rbegin(), times.rend());
      CHECK(distance(integrate(method, back.velocity(), exact(1), reversed), x) < 20 * tolerance);
      CHECK((back.least == 0 && back.most == 1));
      if (times.size() == 2) {
        CHECK(there.calls > before);
        before = there.calls;
      }
    }
  }
  CHECK(at::equal(integrate(solver("dopri5"), turning, x, {0.4}), x));
  CHECK(at::equal(integrate(solver("dopri5"), turning, x, {0.4, 0.4}), x));
}

TEST_CASE("dopri5 takes one step for the batch, by the root mean square of all errors", "[flow]") {
  // Copies of a row change no mean; a row beside it whose field is zero halves the mean square.
  const Velocity v = [](const Tensor& x, const Tensor& t) {
    return x * (9 * t).cos().unsqueeze(1);
  };
  const Tensor one = at::ones({1, 1}, at::kDouble);
  const auto calls = [&](const Tensor& x) {
    Counted counted{v};
    const Tensor end = integrate(solver("dopri5"), counted.velocity(), x, {0, 1});
    return std::pair{counted.calls, end};
  };
  const auto [alone, end] = calls(one);
  const auto [copies, ends] = calls(one.expand({5, 1}));
  CHECK(copies == alone);
  CHECK(distance(ends, end.expand({5, 1})) < 1e-13);
  CHECK(calls(at::cat({one, at::zeros({63, 1}, at::kDouble)})).first < alone);
}

TEST_CASE("dopri5 says where a field is not finite", "[flow]") {
  const Tensor x = at::ones({2, 2}, at::kDouble);
  const Velocity broken = [](const Tensor& x, const Tensor& t) {
    return at::where(t.unsqueeze(1) > 0.5, at::full_like(x, NAN), x);
  };
  CHECK_THROWS_WITH(integrate(solver("dopri5"), broken, x, {0, 1}), contains("at t = 0.5"));
  const Velocity nowhere = [](const Tensor& x, const Tensor&) { return at::full_like(x, NAN); };
  CHECK_THROWS_WITH(integrate(solver("dopri5"), nowhere, x, {0, 1}), contains("not finite"));
  const Velocity pole = [](const Tensor& x, const Tensor& t) {  // 1/(t - 0.7)^2 ends no step
    return (t - 0.7).square().reciprocal().unsqueeze(1).expand_as(x);
  };
  CHECK_THROWS_WITH(integrate(solver("dopri5"), pole, x, {0, 1}), contains("at t = 0.7"));
}

TEST_CASE("Time grids rise from 0 to 1", "[flow]") {
  CHECK(time_grid("uniform", 4) == std::vector<double>{0, 0.25, 0.5, 0.75, 1});
  CHECK(time_grid("quadratic", 4) == std::vector<double>{0, 0.4375, 0.75, 0.9375, 1});
  CHECK(time_grid("edm", 1) == std::vector<double>{0, 1});
  // EDM's noise levels (N = 5, rho = 7) at (1 - t)/t, the highest of which stands for t = 0.
  const auto edm = time_grid("edm", 5);
  const double levels[] = {0, 17.5278, 2.5152, 0.1698, 0.002};
  CHECK((edm.front() == 0 && edm.back() == 1));
  for (int i = 1; i < 5; ++i) CHECK((1 - edm[i]) / edm[i] == Approx(levels[i]).margin(5e-5));
  CHECK((1 - time_grid("edm", 3, 1)[1]) == Approx(40.001 / 41.001));  // even steps of sigma
  const auto listed = [](const std::vector<double>& times) {
    return chosen_times({.times = times}, 4);
  };
  for (const auto& grid :
       {time_grid("edm", 40), time_grid("quadratic", 7), std::vector<double>{0, 0.3, 1}}) {
    CHECK(listed(grid) == grid);
  }
  CHECK(chosen_times({}, 4) == time_grid("uniform", 4));
  CHECK(chosen_times({.grid = "edm", .rho = 3, .steps = 5}, 4) == time_grid("edm", 5, 3));
  for (const std::vector<double>& wrong :
       {std::vector<double>{0}, {0, 0.5}, {0.1, 1}, {0, 0.5, 0.5, 1}, {1, 0}, {0, NAN, 1}}) {
    CHECK_THROWS_WITH(listed(wrong), contains("must rise from 0 to 1"));
  }
  CHECK_THROWS_AS(time_grid("edm", 4, -1), BadOption);
  CHECK_THROWS_AS(time_grid("cubic", 4), BadOption);
  CHECK_THROWS_AS(time_grid("uniform", 0), BadOption);
  CHECK_THROWS_AS(time_grid("uniform", -3), BadOption);
  CHECK_THROWS_WITH(solver("hen"), contains("did you mean 'heun'"));
}

TEST_CASE("The reference's fields are ours", "[parity]") {
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    for (const auto& group : groups) {
      INFO(golden << ", " << group);
      const Velocity v = reference_field(file, group);
      const Tensor x = file.read(group + "/x_start"), t = file.read(group + "/field_t");
      const Tensor values = file.read(group + "/field_values");
      for (int64_t i = 0; i < t.size(0); ++i) {
        CHECK(distance(v(x, t[i].expand({x.size(0)})), values[i]) < 1e-12);
      }
    }
  }
}

TEST_CASE("Solvers give the reference's points", "[parity]") {
  const std::tuple<const char*, const char*, const char*> columns[] = {
      {"euler", "euler", "uniform"},
      {"midpoint", "midpoint", "uniform"},
      {"heun2", "heun", "uniform"},
      {"heun3", "heun3", "uniform"},
      {"rk4_classical", "rk4", "uniform"},
      {"rk4_38rule", "rk4-38", "uniform"},
      {"heun2_last_step_euler", "heun-euler", "uniform"},
      {"euler_quadratic_grid", "euler", "quadratic"}};
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    for (const auto& group : groups) {
      const Velocity v = reference_field(file, group);
      const Tensor x = file.read(group + "/x_start"), steps = file.read(group + "/steps");
      for (const auto& [name, method, grid] : columns) {
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

TEST_CASE("dopri5 is torchdiffeq's with a last step that ends at 1", "[parity]") {
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    for (const auto& group : groups) {
      const Tensor x0 = file.read(group + "/x_start"), x1 = file.read(group + "/reference");
      for (const auto& [tolerance, name] : {std::pair{1e-3, "tol1e-03"}, {1e-5, "tol1e-05"}}) {
        Solver method = solver("dopri5");
        method.rtol = method.atol = tolerance;
        const auto check = [&](const std::string& ending, const Tensor& from, const Tensor& to,
                               const std::vector<double>& times) {
          const std::string at = group + "/dopri5_" + name + ending;
          if (!file.has(at)) return;
          INFO(golden << ", " << at);
          Counted counted{reference_field(file, group)};
          const Tensor found = integrate(method, counted.velocity(), from, times);
          const double nfe = file.attribute(at, "function_evaluations").get<double>();
          CHECK(distance(found, to) < 5 * file.attribute(at, "max_error").get<double>());
          CHECK(std::abs(static_cast<double>(counted.calls) - nfe) <= 0.2 * nfe);
          if (ending != "_step_ends_at_1") return;
          CHECK(static_cast<double>(counted.calls) == nfe);  // the same steps
          CHECK(distance(found, file.read(at)) < 1e-9);
        };
        check("_step_ends_at_1", x0, x1, {0, 1});
        check("_backward_from_reference", x1, x0, {1, 0});
      }
    }
  }
}
