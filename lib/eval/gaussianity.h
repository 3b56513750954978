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
///   the
///     root mean square of that of as many normal draws;
///   classes: for each class with two rows or more {label, rows, mean_norm, variance, max_abs,
///   energy,
///     energy_floor}.
json gaussianity(const Tensor& z, const Tensor& label, int64_t classes, const Random& random);

/// The same without its classes: a line for people.
json brief(json summary);

}  // namespace couplet
