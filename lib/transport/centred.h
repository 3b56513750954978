// Squared distances between two sets of points, written so that little is lost.
#pragma once
#include "base/types.h"

namespace couplet {

/// Points x (n, d) and y (m, d) about the centre of y, both float or both double, with
/// |x_i - y_j|^2 = alpha_i + beta_j - 2 x_i . y_j; alpha (n), beta (m) double.
struct Centred {
  Tensor x, y, alpha, beta;
};

/// The form above. Points of other types become float. Throws Error where a set is empty or not
/// finite, or where the shapes do not fit.
Centred centred(const Tensor& x, const Tensor& y);

/// The mean of |x_i - y_j|^2 over all pairs, from means alone.
double mean_cost(const Centred& points);

/// Weights of n points as double, summing to 1; undefined: uniform. Throws Error unless all are
/// above 0 and finite. whose: "x" or "y", for the message.
Tensor weights_of(const Tensor& given, const Tensor& points, const char* whose);

}  // namespace couplet
