// The Inception score: how sure a classifier is of each sample, and how unlike they are.
#pragma once
#include "eval/kernel_distance.h"

namespace couplet {

/// exp E KL(p(y | x) | p(y)) of each of so many parts of the rows in order, in double: their mean
/// and deviation (Salimans et al. 2016, 1606.03498; 10 parts). logits: (N, classes). Errors: fewer
/// rows than parts.
Spread inception_score(const Tensor& logits, int64_t parts);

}  // namespace couplet
