// Flows between Gaussians, whose velocities and maps are known: what fields and losses must give.
#pragma once
#include <ATen/ATen.h>

#include "nn/backbone.h"

namespace couplet::testing {

/// A backbone that is a formula.
struct Formula : Backbone {
  using Function = std::function<Tensor(const Tensor& x, const Tensor& times, const Tensor& label)>;
  explicit Formula(Function f) : f(std::move(f)) {}
  Tensor forward(const Tensor& x, const Tensor& times, const Tensor& label) override {
    return f(x, times, label);
  }
  Function f;
};

/// x0 ~ N(0, I) and x1 ~ N(m, Q diag(w) Q'), cov(x1, x0) = Q diag(c) Q', on the linear path: along
/// each axis of Q the spread is g_t, g_t^2 = (1 - t)^2 + t^2 w + 2 t (1 - t) c, and
/// phi_{s,t}(x) = t m + (g_t / g_s) (x - s m). m: (D); Q: (D, D); w, c: (D) or (N, D).
struct GaussianFlow {
  Tensor m, Q, w, c;

  Tensor spread(const Tensor& t) const {  // (N) -> (N, D)
    const Tensor r = t.unsqueeze(1);
    return ((1 - r).square() + r.square() * w + 2 * r * (1 - r) * c).sqrt();
  }
  /// (phi_{s,t}(x) - x) / (t - s) with t - s divided out, so that it holds at t = s too.
  Tensor average_velocity(const Tensor& x, const Tensor& s, const Tensor& t) const {
    const Tensor g_s = spread(s), g_t = spread(t);
    const Tensor rise =
        (2 * (c - 1) + (s + t).unsqueeze(1) * (1 + w - 2 * c)) / (g_s * (g_s + g_t));
    return m + (rise * (x - s.unsqueeze(1) * m).matmul(Q)).matmul(Q.t());
  }
  Tensor velocity(const Tensor& x, const Tensor& t) const { return average_velocity(x, t, t); }
  Tensor phi(const Tensor& x, const Tensor& s, const Tensor& t) const {
    return t.unsqueeze(1) * m +
           (spread(t) / spread(s) * (x - s.unsqueeze(1) * m).matmul(Q)).matmul(Q.t());
  }

  /// The field (one clock) and the map (two) as networks.
  std::shared_ptr<Backbone> field() const {
    return std::make_shared<Formula>(
        [flow = *this](const Tensor& x, const Tensor& times, const Tensor&) {
          return flow.velocity(x, times.select(1, 0));
        });
  }
  std::shared_ptr<Backbone> map() const {
    return std::make_shared<Formula>(
        [flow = *this](const Tensor& x, const Tensor& times, const Tensor&) {
          const Tensor s = times.select(1, 0);
          return flow.average_velocity(x, s, s + times.select(1, 1));
        });
  }
};

/// N(0, 1) to N(m, w) with covariance c, one number; and three of them on turned axes.
inline GaussianFlow one_dimensional(double m, double w, double c) {
  const at::TensorOptions real(at::kDouble);
  return {at::full({1}, m, real), at::ones({1, 1}, real), at::full({1}, w, real),
          at::full({1}, c, real)};
}
inline GaussianFlow three_dimensional() {
  const Tensor turned = at::tensor({2., 1., 0., 1., 3., 1., 0., 1., -1.}, at::kDouble).view({3, 3});
  const Tensor w = at::tensor({0.3, 1.0, 2.5}, at::kDouble);
  return {at::tensor({0.5, -1.0, 0.25}, at::kDouble), std::get<0>(at::linalg_qr(turned)), w,
          0.7 * w.sqrt()};
}

}  // namespace couplet::testing
