// Solvers of dx/dt = v(x, t).
#pragma once
#include "flow/velocity_field.h"

namespace couplet {

/// One step from t to t + dt; t, dt: (N).
using Step = Tensor (*)(const Velocity& v, const Tensor& x, const Tensor& t, const Tensor& dt);

struct Solver {
  Step step;
  int evaluations;  ///< of v, per step
  Step last;        ///< of the last step, and its evaluations
  int last_evaluations;
};

/// "euler", "heun", "heun-euler" (Heun whose last step is Euler's, as EDM; 2 N - 1 evaluations).
const Solver& solver(const std::string& name);
std::vector<std::string> solver_names();

/// Carries x along the times given: rising from noise to data, falling from data to noise.
Tensor integrate(const Solver& solver, const Velocity& v, Tensor x,
                 const std::vector<double>& times);

/// Evaluations of v over so many steps.
int64_t evaluations(const Solver& solver, int64_t steps);

/// N + 1 times from 0 to 1: "uniform" i/N, or "quadratic" 1 - (1 - i/N)^2.
std::vector<double> time_grid(const std::string& name, int64_t steps);

}  // namespace couplet
