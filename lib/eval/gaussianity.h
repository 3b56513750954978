// Whether the codes of a normalizing flow look like N(0, I), from which sampling starts.
#pragma once
#include "base/random.h"

namespace couplet {

/// A summary of codes z (N, *shape); label (N), -1 where there is none. An object with
///   rows, dims, non_finite (rows left out);
///   mean, variance: over all numbers; variance_min, variance_max: of one dimension;
///   mean_norm: |mean vector| / sqrt(dims); kurtosis: m4 / m2^2 - 3, mean over the dimensions;
///   max_abs: the largest |z|, next to max_abs_expected: the median of that of as many normal
///   draws; off_diagonal: root mean square of the covariance off its diagonal, next to
///   off_diagonal_floor:
///     what as many normal draws have, (N - 1)^(-1/2);
///   energy: energy distance to N(0, I) of at most 2000 rows (energy_rows), next to energy_floor:
///   the root mean square of that of as many normal draws;
///   sliced_w2: mean over 64 directions of the squared 2-Wasserstein distance to N(0, 1) of the
///   same rows, next to sliced_w2_floor: its mean for normal draws;
///   quantiles: the number below which a share Phi(u) of all lies, for u = -4, -3.75, ..., 4;
///   histogram: the shares of all numbers in the 40 bins of width 1/4 from -5 to 5, the outermost
///   with what lies beyond;
///   classes: for each class with two rows or more {label, rows, mean_norm, variance, max_abs,
///   energy, energy_floor, sliced_w2, sliced_w2_floor}.
json gaussianity(const Tensor& z, const Tensor& label, int64_t classes, const Random& random);

/// The same without its classes, quantiles and histogram: a line for people.
json brief(json summary);

}  // namespace couplet
