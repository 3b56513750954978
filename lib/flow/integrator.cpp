#include "flow/integrator.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "base/named.h"

namespace couplet {

namespace {

Integrator stochastic(const SdeOptions& o, const GridOptions& grid, const Interpolant& path,
                      const Random& noise) {
  const double last = o.last_step == 0 ? 0.04 : o.last_step;
  const std::string form = o.diffusion.empty() ? "sigma" : o.diffusion;
  require_option(last > 0 && last < 1, "option 'last_step' must lie between 0 and 1, found ", last);
  require_option(o.last_step == 0 || grid.times.empty(),
                 "option 'last_step' has no effect on times that are listed");
  Integrator out;
  out.sde = sde(form, o.diffusion_scale == 0 ? 1 : o.diffusion_scale, path);
  out.noise = noise;
  const int64_t steps = grid.steps == 0 ? 250 : grid.steps;
  require_option(o.last_step == 0 || steps >= 2,
                 "option 'last_step' has no effect on a single step");
  if (!grid.times.empty() || steps < 2) {
    out.times = chosen_times(grid, 1);
  } else {
    GridOptions before = grid;
    before.steps = steps - 1;
    out.times = chosen_times(before, 0);
    for (double& t : out.times) t *= 1 - last;
    out.times.push_back(1);
  }
  out.protocol = {{"diffusion", form},
                  {"diffusion_scale", out.sde->scale},
                  {"last_step", 1 - out.times[out.times.size() - 2]}};
  return out;
}

Integrator adaptive(const AdaptiveOptions& o, Solver solver) {
  require_option(o.rtol >= 0 && o.atol >= 0, "options 'rtol' and 'atol' must be positive, found ",
                 o.rtol, " and ", o.atol);
  if (o.rtol != 0) solver.rtol = o.rtol;
  if (o.atol != 0) solver.atol = o.atol;
  return {.solver = solver,
          .times = {0, 1},
          .protocol = {{"rtol", solver.rtol}, {"atol", solver.atol}}};
}

}  // namespace

void check_path(const GridOptions& grid, const Interpolant& path) {
  require_option(grid.grid != "edm" || &path == &interpolant("linear"),
                 "option 'grid': edm's noise levels are those of the linear path alone");
}

Integrator make_integrator(const IntegratorOptions& options, const GridOptions& grid,
                           const Interpolant& path, const Random& noise) {
  const std::string name = options.solver.empty() ? "euler" : options.solver;
  const bool sde = name == "euler-maruyama";
  std::vector<std::string> names = solver_names();
  names.push_back("euler-maruyama");
  if (std::find(names.begin(), names.end(), name) == names.end()) unknown("solver", name, names);
  const bool adapts = !sde && solver(name).adaptive != nullptr;
  if (!sde) refuse_changed(options.sde, "the solver " + name + ", which adds no noise");
  if (!adapts) refuse_changed(options.adaptive, "the solver " + name + ", whose steps are given");
  if (adapts) refuse_changed(grid, "the solver " + name + ", which chooses its steps");
  check_path(grid, path);
  Integrator out = sde      ? stochastic(options.sde, grid, path, noise)
                   : adapts ? adaptive(options.adaptive, solver(name))
                            : Integrator{.solver = solver(name), .times = chosen_times(grid, 32)};
  out.protocol["solver"] = name;
  if (!adapts) out.protocol["steps"] = out.times.size() - 1;
  return out;
}

Tensor Integrator::operator()(const Velocity& v, const Tensor& x0, const Tensor& rows,
                              const Visit& visit) const {
  return sde ? integrate(*sde, v, x0, times, noise, rows, visit)
             : integrate(solver, v, x0, times, visit);
}

int64_t evaluations(const Integrator& integrator,
                    const std::function<LabelledVelocity(LabelledVelocity)>& guided) {
  int64_t rows = 0;
  const LabelledVelocity zero = [&](const Tensor& x, const Tensor&, const Tensor&) {
    rows += x.size(0);
    return at::zeros_like(x);
  };
  const Tensor row = at::zeros({1}, at::kLong);
  integrator(bind(guided(zero), row), at::zeros({1, 1}), row);
  return rows;
}

}  // namespace couplet
