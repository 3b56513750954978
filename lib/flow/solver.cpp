#include "flow/solver.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

namespace {

Tensor euler(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt) {
  return x + expand_to(dt, x) * v(x, t);
}

// The trapezoidal rule with Euler's step as predictor.
Tensor heun(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt) {
  const Tensor h = expand_to(dt, x);
  const Tensor v_t = v(x, t);
  const Tensor v_next = v(x + h * v_t, t + dt);
  return x + h * (v_t + v_next) / 2;
}

const std::map<std::string, Solver>& table() {
  static const std::map<std::string, Solver> all = {
      {"euler", {euler, 1, euler, 1}},
      {"heun", {heun, 2, heun, 2}},
      {"heun-euler", {heun, 2, euler, 1}},
  };
  return all;
}

}  // namespace

std::vector<std::string> solver_names() {
  std::vector<std::string> names;
  for (const auto& [name, row] : table()) names.push_back(name);
  return names;
}

const Solver& solver(const std::string& name) {
  const auto found = table().find(name);
  require_option(found != table().end(), "unknown solver '", name, "'",
                 did_you_mean(name, solver_names()), " (there are: euler, heun, heun-euler)");
  return found->second;
}

Tensor integrate(const Solver& solver, const Velocity& v, Tensor x,
                 const std::vector<double>& times) {
  for (size_t k = 0; k + 1 < times.size(); ++k) {
    const Tensor t = at::full({x.size(0)}, times[k], x.options());
    const Tensor dt = at::full_like(t, times[k + 1] - times[k]);
    x = (k + 2 == times.size() ? solver.last : solver.step)(v, x, t, dt);
  }
  return x;
}

int64_t evaluations(const Solver& solver, int64_t steps) {
  return (steps - 1) * solver.evaluations + solver.last_evaluations;
}

std::vector<double> time_grid(const std::string& name, int64_t steps) {
  require_option(name == "uniform" || name == "quadratic", "unknown grid '", name,
                 "' (there are: uniform, quadratic)");
  require_option(steps > 0, "steps must be positive, found ", steps);
  std::vector<double> times;
  for (int64_t i = 0; i <= steps; ++i) {
    const double u = static_cast<double>(i) / static_cast<double>(steps);
    times.push_back(name == "uniform" ? u : 1 - (1 - u) * (1 - u));
  }
  return times;
}

}  // namespace couplet
