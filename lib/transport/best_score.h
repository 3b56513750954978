// The running maximum of scores, tile by tile.
#pragma once
#include "base/types.h"

namespace couplet {

/// best_i, index_i = the greater of what they are and max_j, argmax_j of g_j + M_ij over a tile M
/// (rows, m), whose first column is number `first`; of equals the first. g (m), best (rows) in the
/// type of M; index (rows) int64. On a CPU in fp32 a loop of its own; else tensors.
void take_best(const Tensor& M, const Tensor& g, int64_t first, Tensor best, Tensor index);
void take_best_by_tensors(const Tensor& M, const Tensor& g, int64_t first, Tensor best,
                          Tensor index);

}  // namespace couplet
