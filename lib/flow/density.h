// The density of a velocity field: its divergence along the way from data to noise.
#pragma once
#include "base/random.h"
#include "flow/normalizing_flow.h"
#include "flow/solver.h"

namespace couplet {

/// v (N, *shape) at a point, and its divergence tr dv/dx, (N).
struct Divergent {
  Tensor v, divergence;
};
/// How the divergence is found. Each row's velocity must depend on that row alone.
using Divergence = std::function<Divergent(const Velocity& v, const Tensor& x, const Tensor& t)>;

/// The trace itself, by as many vector-Jacobian products as x has dimensions.
Divergent exact_divergence(const Velocity& v, const Tensor& x, const Tensor& t);

/// Hutchinson's estimate, the mean of e . (dv/dx) e over probes e: (K, N, *shape), which stay the
/// same along a path (FFJORD, arXiv 1810.01367).
Divergence hutchinson(const Tensor& probes);

/// K probes for each of the rows (N), of numbers -1 and 1: (K, N, *shape).
Tensor draw_probes(const Random& random, const Tensor& rows, int64_t K, at::IntArrayRef shape);

/// Where v carries data x (N, *shape) along times that fall from 1 to 0, and the log-determinant of
/// that, - int_0^1 div v dt, solved for together. In the precision of x.
Encoded encode(const Solver& solver, const Velocity& v, const Divergence& divergence,
               const Tensor& x, const std::vector<double>& times);

}  // namespace couplet
