// The kernel distance between two sets of features (KID).
#pragma once
#include "base/random.h"

namespace couplet {

/// Squared maximum mean discrepancy with the kernel (x.y / D + 1)^3, in double: means over pairs of
/// different rows within each set, over all pairs across; unbiased, so that it is about 0, of
/// either sign, for two draws of one law (Binkowski et al. 2018, 1801.01401). x: (N, D); y: (M, D).
double kernel_distance(const Tensor& x, const Tensor& y);

/// Mean and population standard deviation over some values.
struct Spread {
  double mean, deviation;
};
Spread spread_of(const std::vector<double>& values);

/// Of subsets of so many rows of each, drawn without replacement: what is published as KID, with
/// 100 subsets of 1000.
Spread kernel_distance_of_subsets(const Tensor& x, const Tensor& y, int64_t subsets, int64_t size,
                                  const Random& random);

}  // namespace couplet
