// Mixtures of round Gaussians, whose blocks of local flow matching are known without a network.
#pragma once
#include <ATen/ATen.h>

#include <cmath>

#include "flow/chain.h"
#include "flow/interpolant.h"

namespace couplet::testing {

/// sum_k w_k N(m_k, S_k I): w (K), m (K, D), S (K), in double.
struct Mixture {
  Tensor w, m, S;

  /// After a time of the Ornstein-Uhlenbeck process.
  Mixture diffused(double gamma) const {
    const double a = std::exp(-gamma);
    return {w, a * m, a * a * S - std::expm1(-2 * gamma)};
  }

  Tensor log_density(const Tensor& x) const {
    const auto D = static_cast<double>(x.size(1));
    const Tensor r2 = (x.unsqueeze(1) - m).square().sum(2);
    return (w.log() - D / 2 * (2 * M_PI * S).log() - r2 / (2 * S)).logsumexp(1);
  }

  Tensor draw(int64_t n, uint64_t seed = 1) const {
    const Random random(seed);
    const Tensor rows = row_range(0, n), u = random.stream("component").uniform(rows, {1});
    const Tensor k = (u > w.cumsum(0)).sum(1).clamp_max(w.size(0) - 1);
    const Tensor z = random.stream("z").normal(rows, {m.size(1)}).to(at::kDouble);
    return m.index_select(0, k) + S.index_select(0, k).sqrt().unsqueeze(1) * z;
  }

  /// The velocity of a block whose x1 is of this law and whose x0 = a x1 + s z, with z ~ N(0, I):
  /// on the path x_t = A x1 + B z.
  Velocity block(const Interpolant& I, double a, double s) const {
    return [law = *this, I, a, s](const Tensor& x, const Tensor& t) {
      const auto& [w, m, S] = law;
      const auto column = [](const Tensor& of_time) { return of_time.unsqueeze(1); };
      const Tensor A = column(I.beta(t) + a * I.alpha(t)), B = column(s * I.alpha(t));
      const Tensor dA = column(I.beta_dot(t) + a * I.alpha_dot(t)), dB = column(s * I.alpha_dot(t));
      const Tensor variance = A * A * S + B * B;                // (N, K)
      const Tensor away = x.unsqueeze(1) - A.unsqueeze(2) * m;  // (N, K, D)
      const auto D = static_cast<double>(x.size(1));
      const Tensor r =
          (w.log() - D / 2 * variance.log() - away.square().sum(2) / (2 * variance)).softmax(1);
      const Tensor pull = (dA * A * S + dB * B) / variance;
      return (r.unsqueeze(2) * (dA.unsqueeze(2) * m + pull.unsqueeze(2) * away)).sum(1);
    };
  }

  /// Ornstein-Uhlenbeck blocks of these lengths, then the free block to N(0, I).
  Chain chain(const Interpolant& I, const std::vector<double>& gammas, bool free = true) const {
    Chain all;
    const auto append = [&](const Velocity& v) {
      all.push_back([v](const Tensor& x, const Tensor& t, const Tensor&) { return v(x, t); });
    };
    Mixture law = *this;
    for (const double gamma : gammas) {
      append(law.block(I, std::exp(-gamma), std::sqrt(-std::expm1(-2 * gamma))));
      law = law.diffused(gamma);
    }
    if (free) append(law.block(I, 0, 1));
    return all;
  }
};

inline Mixture mixture(const std::vector<double>& w, const std::vector<double>& m,
                       const std::vector<double>& S) {
  return {at::tensor(w, at::kDouble), at::tensor(m, at::kDouble).unsqueeze(1),
          at::tensor(S, at::kDouble)};
}

}  // namespace couplet::testing
