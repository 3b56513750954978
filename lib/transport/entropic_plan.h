// What Sinkhorn's iteration finds: a plan by its potentials, never as a matrix.
#pragma once
#include "base/types.h"

namespace couplet {

/// P_ij = a_i b_j exp((f_i + g_j - |x_i - y_j|^2) / epsilon), with sum_j b_j g_j = 0. a (n), b (m),
/// f (n), g (m) double; epsilon in the units of the cost. error: sum_j |sum_i P_ij - b_j|.
struct EntropicPlan {
  Tensor x, y, a, b, f, g;
  double epsilon = 0, error = 0;
  int64_t iterations = 0;
};

/// The plan from y to x.
EntropicPlan transposed(const EntropicPlan& plan);

/// Numbers of a plan. cost = <P, C>; kl = KL(P | a x b); entropy = -sum P log P, both in nats.
/// sharpness = 1 - kl / min(H(a), H(b)): 0 for a permutation, 1 for independence; with n uniform
/// points on each side it is H(P) / log n - 1 (Zhang et al. 2025).
struct PlanFacts {
  Tensor row_marginal, column_marginal;  ///< (n), (m) double
  double cost = 0, kl = 0, entropy = 0, sharpness = 0;
};
PlanFacts facts_of(const EntropicPlan& plan);

/// (n) int64: argmax_j P_ij.
Tensor row_argmax(const EntropicPlan& plan);
/// (n, d): sum_j P_ij y_j / sum_j P_ij, the barycentric projection.
Tensor barycentres(const EntropicPlan& plan);
/// (n) int64: for each row a column drawn from P_ij / sum_j P_ij, by the inverse of its cumulated
/// sums at uniform (n), in (0, 1]. The marginal of the rows stays exact.
Tensor draw_columns(const EntropicPlan& plan, const Tensor& uniform);

}  // namespace couplet
