// Both half-steps of a Sinkhorn iteration from one exponential an entry.
#pragma once
#include "base/types.h"

namespace couplet {

/// For a block M (rows, m) of inner products, with t_ij = v_j + kappa M_ij:
///   lse_i = log sum_j exp(t_ij)                     the new row potentials are -epsilon lse
///   q_j  += sum_i a_i exp(t_ij) / exp(lse_i)        the column sums that they leave
/// v (m), a (rows) double. lse (rows) double holds a guess, say that of the iteration before, by
/// which exponentials are kept in range; a poor guess costs a second look at the row, no more.
/// q (m) double. On a CPU in fp32, loops of its own over rows that stay in cache; else tensors.
void half_steps(const Tensor& M, const Tensor& v, double kappa, const Tensor& a, Tensor lse,
                Tensor q);

/// The same by operations of tensors, on any device and in any type; needs no guess.
void half_steps_by_tensors(const Tensor& M, const Tensor& v, double kappa, const Tensor& a,
                           Tensor lse, Tensor q);

}  // namespace couplet
