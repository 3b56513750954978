// An auction of columns among rows: the search behind assign() on devices other than the CPU.
#pragma once
#include "transport/shortest_paths.h"

namespace couplet {

/// Jacobi bidding with epsilon scaling (Bertsekas 1988, "The auction algorithm: a distributed
/// relaxation method for the assignment problem") for a finite cost (n, n), by tensor operations on
/// its device. spread: largest minus smallest cost. cost(i, column_i) - v_(column_i) lies within
/// 1e-7 spread of row i's least; v is double.
Matching bidding(const Tensor& cost, double spread);

}  // namespace couplet
