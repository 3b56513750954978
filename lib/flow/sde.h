// SiT's stochastic sampler: the velocity field's marginals, along paths that are noised on the way.
#pragma once
#include "base/random.h"
#include "flow/interpolant.h"
#include "flow/path.h"
#include "flow/velocity_field.h"

namespace couplet {

/// dx = (v + D s) dt + sqrt(2 D) dW, s = grad log p_t: x_t has the same law whatever D(t) is (SiT,
/// 2401.08740, whose w is 2 D).
struct Sde {
  const Interpolant* path;
  Tensor (*form)(const Interpolant& path, const Tensor& t);  ///< D(t) / scale
  double scale = 1;
};

/// D of one form: "sigma" alpha(t), "linear" 1 - t, "constant" 1, "decreasing"
/// (1 + cos(pi t))^2/4, "increasing-decreasing" sin(pi t)^2. Errors: BadOption.
Sde sde(const std::string& form, double scale, const Interpolant& path);

/// s(x, t) = (beta v - beta' x) / (alpha (alpha beta' - alpha' beta)), for pairs whose noise is
/// N(0, I) given the data: of other couplings the velocity does not tell the score. t: (N) below 1.
Tensor score(const Interpolant& path, const Tensor& v, const Tensor& x, const Tensor& t);

/// Euler and Maruyama's steps along rising times, the last one along the drift alone (SiT's
/// "Mean"). rows: (N), which decide the noise; visit: is told where x is after each step.
Tensor integrate(const Sde& sde, const Velocity& v, Tensor x, const std::vector<double>& times,
                 const Random& random, const Tensor& rows, const Visit& visit = {});

}  // namespace couplet
