// Entropic optimal transport between two sets of points, by Sinkhorn's iteration.
#pragma once
#include "transport/entropic_plan.h"

namespace couplet {

struct Sinkhorn {
  double epsilon = 0.05;              ///< regularisation, of the mean cost over all pairs
  double tolerance = 1e-3;            ///< sum_j |sum_i P_ij - b_j| at which to stop
  int64_t iterations = 2000;          ///< at most
  bool momentum = true;               ///< extrapolate, with restarts, once epsilon is reached
  int64_t memory = int64_t{1} << 30;  ///< bytes for the n x m inner products; more: recomputed

  void describe(auto&& option) {
    option("epsilon", epsilon, "regularisation, relative to the mean cost over all pairs");
    option("tolerance", tolerance, "stop at this sum of the marginal's errors");
    option("iterations", iterations, "at most so many iterations");
    option("momentum", momentum, "extrapolate from one iteration to the next");
    option("memory", memory, "bytes for keeping the costs; what needs more recomputes them");
  }
};

/// The plan P that minimises <P, C> + epsilon KL(P | a x b), C_ij = |x_i - y_j|^2 (Cuturi 2013), in
/// the log domain; rows x (n, d), y (m, d), float or double; a (n), b (m) weights, undefined:
/// uniform. Rows of P sum to a exactly, columns to b within the plan's `error`. epsilon comes down
/// from the mean cost (Schmitzer 2019) unless a potential g (m) to start from is given: that of
/// a plan between other x and the same y (Zhang et al. 2025, 2506.05526).
/// The number of threads decides how sums are ordered, nothing else does.
/// Throws Error for points or weights that cannot be, BadOption for options.
EntropicPlan sinkhorn(const Tensor& x, const Tensor& y, const Sinkhorn& options,
                      const Tensor& a = {}, const Tensor& b = {}, const Tensor& warm = {});

}  // namespace couplet
