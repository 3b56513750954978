#include "flow/interpolant.h"

#include <ATen/ATen.h>

#include "base/named.h"
#include "base/space.h"
#include "nn/diffusion.h"

namespace couplet {

namespace {

constexpr double quarter = M_PI / 2;
// As SiT: the mean square of 1/sqrt(1 - t) has no bound.
constexpr double almost_data = 1 - 1e-5;

const std::map<std::string, Interpolant>& interpolant_table() {
  static const std::map<std::string, Interpolant> all = {
      {"linear",
       {[](const Tensor& t) { return 1 - t; }, [](const Tensor& t) { return t; },
        [](const Tensor& t) { return -at::ones_like(t); },
        [](const Tensor& t) { return at::ones_like(t); }}},
      {"trigonometric",
       {[](const Tensor& t) { return (quarter * t).cos(); },
        [](const Tensor& t) { return (quarter * t).sin(); },
        [](const Tensor& t) { return -quarter * (quarter * t).sin(); },
        [](const Tensor& t) { return quarter * (quarter * t).cos(); }}},
      {"linear-vp",
       {[](const Tensor& t) { return ((1 - t) * (1 + t)).sqrt(); },
        [](const Tensor& t) { return t; },
        [](const Tensor& t) { return -t / ((1 - t) * (1 + t)).sqrt(); },
        [](const Tensor& t) { return at::ones_like(t); }, almost_data}},
      {"vp",
       {[](const Tensor& t) { return (-(-noised(t)).expm1()).sqrt(); },
        [](const Tensor& t) { return (-noised(t) / 2).exp(); },
        [](const Tensor& t) {
          const Tensor T = noised(t);
          return noised_dot(t) * (-T).exp() / (2 * (-(-T).expm1()).sqrt());
        },
        [](const Tensor& t) { return -noised_dot(t) / 2 * (-noised(t) / 2).exp(); }, almost_data}},
  };
  return all;
}

}  // namespace

Tensor Interpolant::at(const Tensor& t, const Tensor& x0, const Tensor& x1) const {
  return expand_to(alpha(t), x0) * x0 + expand_to(beta(t), x1) * x1;
}

Tensor Interpolant::velocity(const Tensor& t, const Tensor& x0, const Tensor& x1) const {
  return expand_to(alpha_dot(t), x0) * x0 + expand_to(beta_dot(t), x1) * x1;
}

std::vector<std::string> interpolant_names() { return names_of(interpolant_table()); }

const Interpolant& interpolant(const std::string& name) {
  return named(interpolant_table(), "interpolant", name);
}

}  // namespace couplet
