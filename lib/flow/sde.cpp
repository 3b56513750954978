#include "flow/sde.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/named.h"

namespace couplet {

namespace {

const std::map<std::string, Tensor (*)(const Interpolant&, const Tensor&)> forms = {
    {"sigma", [](const Interpolant& path, const Tensor& t) { return path.alpha(t); }},
    {"linear", [](const Interpolant&, const Tensor& t) { return 1 - t; }},
    {"constant", [](const Interpolant&, const Tensor& t) { return at::ones_like(t); }},
    {"decreasing",
     [](const Interpolant&, const Tensor& t) { return (1 + (M_PI * t).cos()).square() / 4; }},
    {"increasing-decreasing",
     [](const Interpolant&, const Tensor& t) { return (M_PI * t).sin().square(); }},
};

}  // namespace

Sde sde(const std::string& form, double scale, const Interpolant& path) {
  require_option(scale > 0, "option 'diffusion_scale' must be positive, found ", scale);
  return {&path, named(forms, "diffusion", form), scale};
}

Tensor score(const Interpolant& path, const Tensor& v, const Tensor& x, const Tensor& t) {
  const Tensor alpha = path.alpha(t), beta = path.beta(t), beta_dot = path.beta_dot(t);
  const Tensor below = alpha * (alpha * beta_dot - path.alpha_dot(t) * beta);
  return expand_to(beta / below, x) * v - expand_to(beta_dot / below, x) * x;
}

Tensor integrate(const Sde& sde, const Velocity& v, Tensor x, const std::vector<double>& times,
                 const Random& random, const Tensor& rows, const Visit& visit) {
  for (size_t k = 0; k + 1 < times.size(); ++k) {
    const double dt = times[k + 1] - times[k];
    const Tensor t = at::full({x.size(0)}, times[k], x.options());
    const Tensor D = sde.scale * sde.form(*sde.path, t);
    const Tensor v_t = v(x, t);
    x = x + dt * (v_t + expand_to(D, x) * score(*sde.path, v_t, x, t));
    if (k + 2 < times.size()) {
      const Tensor n = random.stream(text("step ", k)).normal(rows, x.sizes().slice(1));
      x = x + expand_to((2 * dt * D).sqrt(), x) * n;
    }
    if (visit) visit(x);
  }
  return x;
}

}  // namespace couplet
