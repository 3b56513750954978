// The Fréchet distance between two sets of features, seen as Gaussians.
#pragma once
#include "parallel/group.h"

namespace couplet {

/// Mean and covariance of features that come in batches: summed in double on the features' device,
/// about the mean of the first batch (sums about zero lose what a large offset costs).
class Moments {
 public:
  /// What was accumulated elsewhere: mean (D), covariance (D, D) with divisor count - 1.
  static Moments of(const Tensor& mean, const Tensor& covariance, int64_t count);
  void add(const Tensor& features);  ///< (N, D), any floating type
  void merge(const Moments& other);  ///< as if the other's batches had been added here
  /// The moments that one process of a group has, at all.
  Moments at_all(const Group& group, int64_t root) const;

  int64_t count() const { return count_; }
  Tensor mean() const;        ///< (D) double
  Tensor covariance() const;  ///< (D, D) double, divisor count - 1; Error with fewer than two rows

 private:
  int64_t count_ = 0;
  Tensor shift_, sum_, products_;  // sums of y and y y^T with y = features - shift
};

/// |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2). Equal sets give 0 up to rounding, either sign.
/// Dowson and Landau 1982; Heusel et al. 2017. Errors: features of different sizes; no two rows.
double frechet_distance(const Moments& a, const Moments& b);

}  // namespace couplet
