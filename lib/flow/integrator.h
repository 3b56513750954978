// How noise is carried along a velocity field: by which solver, along which times.
#pragma once
#include <optional>

#include "flow/sde.h"
#include "flow/solver.h"
#include "flow/time_grid.h"

namespace couplet {

struct AdaptiveOptions {
  double rtol = 0, atol = 0;
  void describe(auto&& option) {
    option("rtol", rtol, "of dopri5: error allowed in a step, relative to x; 1e-5 if 0");
    option("atol", atol, "of dopri5: error allowed beside that; 1e-5 if 0");
  }
};

struct SdeOptions {
  std::string diffusion;
  double diffusion_scale = 0, last_step = 0;
  void describe(auto&& option) {
    option("diffusion", diffusion,
           "of euler-maruyama, which supposes noise drawn independently of the data: sigma "
           "(default), linear, constant, decreasing, increasing-decreasing");
    option("diffusion_scale", diffusion_scale,
           "of euler-maruyama: factor of the diffusion; 1 if 0");
    option("last_step", last_step,
           "of euler-maruyama: length of its last step, which adds no noise; 0.04, as SiT's, if 0");
  }
};

struct IntegratorOptions {
  std::string solver;
  AdaptiveOptions adaptive;
  SdeOptions sde;
  void describe(auto&& option) {
    option("solver", solver,
           "of a velocity field: euler (default), midpoint, heun, heun-euler, heun3, rk4, rk4-38, "
           "adaptive "
           "dopri5, stochastic euler-maruyama");
    adaptive.describe(option);
    sde.describe(option);
  }
};

struct Integrator {
  Solver solver;           ///< of the differential equation,
  std::optional<Sde> sde;  ///< or of the stochastic one where this is given
  std::vector<double> times;
  Random noise{0};  ///< of the stochastic one
  json protocol;    ///< solver, steps, and what else decides the path

  /// rows: (N), which decide the noise of a stochastic solver; visit: is told where x is after each
  /// step, unless the solver chooses them.
  Tensor operator()(const Velocity& v, const Tensor& x0, const Tensor& rows,
                    const Visit& visit = {}) const;
};

/// Errors: BadOption, edm's noise levels on another path than the linear one.
void check_path(const GridOptions& grid, const Interpolant& path);
/// As the options say, for a field trained along a path. Errors: BadOption, for options without
/// effect too.
Integrator make_integrator(const IntegratorOptions& options, const GridOptions& grid,
                           const Interpolant& path, const Random& noise);

/// Evaluations of v a sample, those of the null branch of guidance among them; not for an adaptive
/// solver.
int64_t evaluations(const Integrator& integrator,
                    const std::function<LabelledVelocity(LabelledVelocity)>& guided);

}  // namespace couplet
