#include "flow/integrator.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

namespace {

void refuse(bool given, const char* option, const std::string& what) {
  require_option(!given, "option '", option, "' has no effect on ", what);
}

// SiT's, the last of a stochastic path.
constexpr double last_step = 0.04;

Integrator stochastic(const SamplingOptions& o, const Interpolant& path, const Random& noise) {
  const double last = o.last_step == 0 ? last_step : o.last_step;
  require_option(last > 0 && last < 1, "option 'last_step' must lie between 0 and 1, found ", last);
  refuse(o.last_step != 0 && !o.times.empty(), "last_step", "times that are listed");
  Integrator out;
  out.sde = sde(o.diffusion.empty() ? "sigma" : o.diffusion,
                o.diffusion_scale == 0 ? 1 : o.diffusion_scale, path);
  out.noise = noise;
  const int64_t steps = o.steps == 0 ? 250 : o.steps;
  if (!o.times.empty() || steps < 2) {
    out.times = chosen_times(o, 1);
  } else {
    SamplingOptions before = o;
    before.steps = steps - 1;
    out.times = chosen_times(before, 0);
    for (double& t : out.times) t *= 1 - last;
    out.times.push_back(1);
  }
  out.protocol = {{"diffusion", o.diffusion.empty() ? "sigma" : o.diffusion},
                  {"diffusion_scale", out.sde->scale},
                  {"last_step", 1 - out.times[out.times.size() - 2]}};
  return out;
}

Integrator adaptive(const SamplingOptions& o, const std::string& name) {
  refuse(!o.grid.empty(), "grid", "the solver " + name + ", which chooses its steps");
  refuse(o.steps != 0, "steps", "the solver " + name + ", which chooses them");
  refuse(!o.times.empty(), "times", "the solver " + name + ", which chooses its steps");
  require_option(o.rtol >= 0 && o.atol >= 0, "options 'rtol' and 'atol' must be positive, found ",
                 o.rtol, " and ", o.atol);
  Integrator out{.solver = solver(name)};
  if (o.rtol != 0) out.solver.rtol = o.rtol;
  if (o.atol != 0) out.solver.atol = o.atol;
  out.times = {0, 1};
  out.protocol = {{"rtol", out.solver.rtol}, {"atol", out.solver.atol}};
  return out;
}

}  // namespace

std::vector<double> chosen_times(const SamplingOptions& o, int64_t steps) {
  refuse(o.rho != 0 && o.grid != "edm", "rho", "other grids than edm");
  if (o.times.empty()) {
    return time_grid(o.grid.empty() ? "uniform" : o.grid, o.steps == 0 ? steps : o.steps,
                     o.rho == 0 ? 7 : o.rho);
  }
  refuse(!o.grid.empty(), "grid", "times that are listed");
  refuse(o.steps != 0, "steps", "times that are listed");
  require_rising(o.times);
  return o.times;
}

Integrator make_integrator(const SamplingOptions& o, const Interpolant& path, const Random& noise) {
  const std::string name = o.solver.empty() ? "euler" : o.solver;
  const bool sde = name == "euler-maruyama", adapts = !sde && solver(name).adaptive != nullptr;
  for (const auto& [given, option] : {std::pair{!o.diffusion.empty(), "diffusion"},
                                      {o.diffusion_scale != 0, "diffusion_scale"},
                                      {o.last_step != 0, "last_step"}}) {
    refuse(given && !sde, option, "the solver " + name + ", which adds no noise");
  }
  refuse(!adapts && o.rtol != 0, "rtol", "the solver " + name + ", whose steps are given");
  refuse(!adapts && o.atol != 0, "atol", "the solver " + name + ", whose steps are given");
  Integrator out = sde      ? stochastic(o, path, noise)
                   : adapts ? adaptive(o, name)
                            : Integrator{.solver = solver(name), .times = chosen_times(o, 32)};
  out.protocol["solver"] = name;
  if (!adapts) out.protocol["steps"] = out.times.size() - 1;
  return out;
}

Tensor Integrator::operator()(const Velocity& v, const Tensor& x0, const Tensor& rows) const {
  return sde ? integrate(*sde, v, x0, times, noise, rows) : integrate(solver, v, x0, times);
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
