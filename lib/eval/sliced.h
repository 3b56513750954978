// Sliced Wasserstein distances.
#pragma once
#include "base/random.h"

namespace couplet {

/// Squared 2-Wasserstein distances of each column of x (N, P) to that of y (M, P): (P) double. Of N
/// and M points with equal masses each, whatever N and M.
Tensor w2_squared(const Tensor& x, const Tensor& y);

/// Mean over directions, the columns of u (D, P), of the squared distance of x.u to y.u: x (N, D),
/// y (M, D). Bonneel et al. 2015.
double sliced_w2_squared(const Tensor& x, const Tensor& y, const Tensor& u);
/// (D, P): unit vectors.
Tensor directions(int64_t dims, int64_t count, const Random& random);

}  // namespace couplet
