// Shortest augmenting paths: the exact search behind assign() on a CPU.
#pragma once
#include "base/types.h"

namespace couplet {

/// A permutation and the prices v of the columns that it came with: each row's column is one of
/// those where cost(i, j) - v_j is least, up to the rounding of v's type.
struct Matching {
  Tensor column;  ///< (n) int64
  Tensor v;       ///< (n), of the type of the prices given
};

/// Augmenting row reduction and shortest augmenting paths (Jonker and Volgenant 1987, "A shortest
/// augmenting path algorithm for dense and sparse linear assignment problems", steps 3 and 4) from
/// any prices v (n), in whose type it reckons: float or double for a cost (n, n) of float, double
/// for one of double. Both on the CPU; the nearer v is to its final value, the less there is to do.
Matching shortest_paths(const Tensor& cost, const Tensor& v);

}  // namespace couplet
