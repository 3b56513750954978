// Exact optimal transport between as many points as points: a permutation.
#pragma once
#include "base/types.h"

namespace couplet {

/// A permutation of least sum_i cost(i, column_i), with its proof.
struct Assignment {
  Tensor column;  ///< (n) int64, on the cost's device: row i goes to column_i
  double cost;    ///< sum over the pairs, in double
  double gap;  ///< how far, at most, the cost lies above the least one: 0 up to rounding if exact
};

/// The best permutation for a cost (n, n), float or double, finite. On a CPU it is exact in double,
/// by shortest augmenting paths (Jonker and Volgenant 1987); elsewhere it is the auction's. Error
/// where the cost is not such a matrix.
Assignment assign(const Tensor& cost);

/// The same by an auction (Bertsekas 1988) on the cost's own device: each pair is within 1e-7 of
/// the spread of the costs (largest minus smallest) of what it could be, and gap says how near the
/// sum is.
Assignment auction(const Tensor& cost);

}  // namespace couplet
