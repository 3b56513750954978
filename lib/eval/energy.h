// Energy distances: how far two laws lie apart, from all distances between their points.
#pragma once
#include "base/types.h"

namespace couplet {

/// Mean of |a_i - b_j| over all pairs; a: (N, *shape), b: (M, *shape). Blocked, summed in double.
double mean_distance(const Tensor& a, const Tensor& b);
/// Mean of |a_i - a_j| over all pairs of two different rows.
double mean_distance(const Tensor& a);

/// 2 E|a - b| - E|a - a'| - E|b - b'| over pairs of different rows (U-statistic): unbiased, so that
/// it is about 0, of either sign, for two draws of one law. Szekely and Rizzo 2013.
double energy_distance(const Tensor& a, const Tensor& b);
/// The same with each row also paired with itself (V-statistic): never negative, biased.
double energy_distance_biased(const Tensor& a, const Tensor& b);
/// To N(0, I), whose two expectations are known: no draws, no noise but that of z. U-statistic.
double energy_to_normal(const Tensor& z);

}  // namespace couplet
