#include "flow/solver.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/named.h"
#include "flow/solvers/dopri5.h"

namespace couplet {

namespace {

Tensor euler(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt) {
  return x + expand_to(dt, x) * v(x, t);
}

Tensor midpoint(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt) {
  const Tensor h = expand_to(dt, x);
  return x + h * v(x + h / 2 * v(x, t), t + dt / 2);
}

// The trapezoidal rule with Euler's step as predictor.
Tensor heun(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt) {
  const Tensor h = expand_to(dt, x);
  const Tensor v_t = v(x, t);
  const Tensor v_next = v(x + h * v_t, t + dt);
  return x + h * (v_t + v_next) / 2;
}

// Heun's rule of the third order.
Tensor heun3(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt) {
  const Tensor h = expand_to(dt, x);
  const Tensor k1 = v(x, t);
  const Tensor k2 = v(x + h / 3 * k1, t + dt / 3);
  const Tensor k3 = v(x + h * 2 / 3 * k2, t + dt * 2 / 3);
  return x + h * (k1 + 3 * k3) / 4;
}

Tensor rk4(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt) {
  const Tensor h = expand_to(dt, x);
  const Tensor k1 = v(x, t);
  const Tensor k2 = v(x + h / 2 * k1, t + dt / 2);
  const Tensor k3 = v(x + h / 2 * k2, t + dt / 2);
  const Tensor k4 = v(x + h * k3, t + dt);
  return x + h * (k1 + 2 * (k2 + k3) + k4) / 6;
}

Tensor rk4_38(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt) {
  const Tensor h = expand_to(dt, x);
  const Tensor k1 = v(x, t);
  const Tensor k2 = v(x + h / 3 * k1, t + dt / 3);
  const Tensor k3 = v(x + h * (k2 - k1 / 3), t + dt * 2 / 3);
  const Tensor k4 = v(x + h * (k1 - k2 + k3), t + dt);
  return x + h * (k1 + 3 * (k2 + k3) + k4) / 8;
}

const std::map<std::string, Solver>& solver_table() {
  static const std::map<std::string, Solver> all = {
      {"euler", {euler}},   {"midpoint", {midpoint}},
      {"heun", {heun}},     {"heun-euler", {heun, euler}},
      {"heun3", {heun3}},   {"rk4", {rk4}},
      {"rk4-38", {rk4_38}}, {"dopri5", {.adaptive = dopri5}},
  };
  return all;
}

}  // namespace

std::vector<std::string> solver_names() { return names_of(solver_table()); }

const Solver& fixed_solver(const std::string& name) {
  const Solver& found = solver(name);
  require_option(found.adaptive == nullptr, "solver '", name,
                 "' chooses its steps by the batch, which is not possible here; take rk4");
  return found;
}

const Solver& solver(const std::string& name) { return named(solver_table(), "solver", name); }

Tensor integrate(const Solver& solver, const Velocity& v, Tensor x,
                 const std::vector<double>& times, const Visit& visit) {
  if (solver.adaptive) return solver.adaptive(v, x, times, solver.rtol, solver.atol);
  for (size_t k = 0; k + 1 < times.size(); ++k) {
    const Tensor t = at::full({x.size(0)}, times[k], x.options());
    const Tensor dt = at::full_like(t, times[k + 1] - times[k]);
    const bool last = k + 2 == times.size() && solver.last;
    x = (last ? solver.last : solver.step)(v, x, t, dt);
    if (visit) visit(x);
  }
  return x;
}

}  // namespace couplet
