// Solvers of dx/dt = v(x, t).
#pragma once
#include "flow/path.h"
#include "flow/time_grid.h"
#include "flow/velocity_field.h"

namespace couplet {

/// One step from t to t + dt; t, dt: (N).
using Step = Tensor (*)(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt);
/// Steps of its own choice that end at each of the times; local errors below atol + rtol |x|.
using Adaptive = Tensor (*)(const Velocity& v, Tensor x, const std::vector<double>& times,
                            double rtol, double atol);

struct Solver {
  Step step = nullptr;
  Step last = nullptr;          ///< of the last step, where it is another
  Adaptive adaptive = nullptr;  ///< in place of step
  double rtol = 1e-5, atol = 1e-5;
};

/// "euler"; of order 2 "midpoint", "heun", "heun-euler" (Heun whose last step is Euler's, as EDM;
/// 2 N - 1 evaluations); of order 3 "heun3"; of order 4 "rk4" (the classical one) and "rk4-38" (the
/// 3/8 rule, which torchdiffeq calls rk4); "dopri5", adaptive.
const Solver& solver(const std::string& name);
std::vector<std::string> solver_names();
/// The same, BadOption for one that chooses its steps: shares of a batch would go by different
/// ones.
const Solver& fixed_solver(const std::string& name);

/// Carries x (N, *shape) along the times given: rising from noise to data, falling from data to
/// noise. visit: is told where x is at each time but the first, by a solver that is not adaptive.
Tensor integrate(const Solver& solver, const Velocity& v, Tensor x,
                 const std::vector<double>& times, const Visit& visit = {});

}  // namespace couplet
