// How much of one set lies on the other: precision and recall, density and coverage.
#pragma once
#include "base/types.h"

namespace couplet {

/// With a ball about each row, whose radius is the distance to its k-th other neighbour in its own
/// set. precision: the share of the samples inside some ball of the data; recall: of the data
/// inside some ball of the samples (Kynkaanniemi et al. 2019, 1904.06991; <=). density: how many
/// balls of the data a sample lies in, over k; coverage: the share of the data's balls that hold
/// some sample (Naeem et al. 2020, 2002.09797; <).
struct Manifold {
  double precision, recall, density, coverage;
};
/// samples: (N, D); data: (M, D). Errors: no more than k rows.
Manifold manifold(const Tensor& samples, const Tensor& data, int64_t k);

}  // namespace couplet
