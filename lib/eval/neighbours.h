// Distances between two sets of features, a block of rows at a time, and the nearest ones.
#pragma once
#include <functional>

#include "base/types.h"

namespace couplet {

/// f(first, d) for the rows of x in order, some at a time: d (n, M) are the squared distances of
/// rows first .. first + n - 1 of x (N, D) to those of y (M, D), by |x|^2 + |y|^2 - 2 x.y in
/// double.
void for_squared_distances(const Tensor& x, const Tensor& y,
                           const std::function<void(int64_t first, const Tensor& d)>& f);

/// (N): the squared distance of each row of x to the nearest row of y.
Tensor nearest(const Tensor& x, const Tensor& y);
/// (N): the squared distance of each row of x to its k-th nearest other row. Errors: no more than k
/// rows.
Tensor nearest_others(const Tensor& x, int64_t k);

}  // namespace couplet
