#include "eval/linear_field.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace couplet {

namespace {

/// tr Cov(v | x_t) / D = (tr Cov(v) - tr Cov(v, x_t) Cov(x_t)^-1 Cov(x_t, v)) / D, v = x1 - x0;
/// s = 1 - t.
Tensor loss_at(double t, double s, const Tensor& S0, const Tensor& S1, const Tensor& C) {
  const Tensor of_x = s * s * S0 + t * t * S1 + s * t * (C + C.t());
  const Tensor with_v = s * C + t * S1 - s * S0 - t * C.t();
  // Scaled to a unit diagonal: near t = 1 constant pixels have almost no variance.
  const Tensor scale = of_x.diagonal().rsqrt();
  const Tensor jitter = 1e-13 * at::eye(S0.size(0), S0.options());
  const Tensor root = at::linalg_cholesky(of_x * scale * scale.unsqueeze(1) + jitter);
  const Tensor explained = at::linalg_solve_triangular(root, (with_v * scale).t(), false);
  const Tensor all = (S0 + S1 - 2 * C).diagonal().sum();
  return (all - explained.square().sum()) / S0.size(0);
}

}  // namespace

double linear_loss(const Tensor& S0, const Tensor& S1, const Tensor& C) {
  // Dimensions with little spread make narrow peaks at the ends, which the doubly exponential rule
  // (tanh-sinh) resolves: t = 1 / (1 + exp(-2 u)), u = pi/2 sinh(k).
  constexpr double step = 0.1, ends = 2.4, half_pi = std::numbers::pi / 2;
  Tensor sum = at::zeros({}, S0.options());
  for (double k = -ends; k < ends + step / 2; k += step) {
    const double u = half_pi * std::sinh(k);
    const double t = 1 / (1 + std::exp(-2 * u)), s = 1 / (1 + std::exp(2 * u));
    sum += 2 * t * s * half_pi * std::cosh(k) * step * loss_at(t, s, S0, S1, C);
  }
  return sum.item<double>();
}

}  // namespace couplet
