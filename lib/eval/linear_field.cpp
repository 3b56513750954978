#include "eval/linear_field.h"

#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <numbers>

namespace couplet {

namespace {

/// tr Cov(v | x_t) / D = (tr Cov(v) - tr Cov(v, x_t) Cov(x_t)^-1 Cov(x_t, v)) / D, v = x1 - x0;
/// s = 1 - t.
double loss_at(double t, double s, const Tensor& S0, const Tensor& S1, const Tensor& C) {
  const Tensor of_x = s * s * S0 + t * t * S1 + s * t * (C + C.t());
  const Tensor with_v = s * C + t * S1 - s * S0 - t * C.t();
  // Scaled to a unit diagonal: near t = 1 constant pixels have almost no variance.
  const Tensor scale = of_x.diagonal().rsqrt();
  const Tensor jitter = 1e-13 * at::eye(S0.size(0), S0.options());
  const Tensor root = at::linalg_cholesky(of_x * scale * scale.unsqueeze(1) + jitter);
  const Tensor explained = at::linalg_solve_triangular(root, (with_v * scale).t(), false);
  const Tensor all = (S0 + S1 - 2 * C).diagonal().sum();
  return (all - explained.square().sum()).item<double>() / static_cast<double>(S0.size(0));
}

/// int_a^b f by Gauss and Kronrod's 7 and 15 points, halved where they differ.
double integral(const std::function<double(double)>& f, double a, double b, double tolerance,
                int depth = 0) {
  static constexpr double nodes[] = {
      0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
      0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
      0.586087235467691130294144691693600, 0.405845151377397166906606412076961,
      0.207784955007898467600689403773245, 0.0};
  static constexpr double fifteen[] = {
      0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
      0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
      0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
      0.204432940075298892414161999234649, 0.209482141084727828012999174891714};
  static constexpr double seven[] = {
      0, 0.129484966168869693270611432679082, 0, 0.279705391489276667901467771423780,
      0, 0.381830050505118944950369775488975, 0, 0.417959183673469387755102040816327};
  const double middle = (a + b) / 2, half = (b - a) / 2;
  double fine = 0, coarse = 0;
  for (int i = 0; i < 8; ++i) {
    const double values =
        i == 7 ? f(middle) : f(middle - half * nodes[i]) + f(middle + half * nodes[i]);
    fine += half * fifteen[i] * values, coarse += half * seven[i] * values;
  }
  if (std::abs(fine - coarse) < tolerance || depth == 10) return fine;
  return integral(f, a, middle, tolerance / 2, depth + 1) +
         integral(f, middle, b, tolerance / 2, depth + 1);
}

}  // namespace

double linear_loss(const Tensor& S0, const Tensor& S1, const Tensor& C) {
  // Dimensions with little spread make narrow peaks at the ends, which are wide in k (tanh-sinh):
  // t = 1 / (1 + exp(-2 u)), u = pi/2 sinh(k). Pairs that cross make peaks anywhere.
  constexpr double ends = 2.8, half_pi = std::numbers::pi / 2, tolerance = 1e-7;
  const auto by_k = [&](double k) {
    const double u = half_pi * std::sinh(k);
    const double t = 1 / (1 + std::exp(-2 * u)), s = 1 / (1 + std::exp(2 * u));
    return 2 * t * s * half_pi * std::cosh(k) * loss_at(t, s, S0, S1, C);
  };
  double sum = 0;
  for (double k = -ends; k < ends - 0.1; k += ends / 2)
    sum += integral(by_k, k, k + ends / 2, tolerance);
  return sum;
}

}  // namespace couplet
