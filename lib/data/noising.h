// What is added to the data before a normalizing flow sees them.
#pragma once
#include "data/dataset.h"

namespace couplet {

/// Noise by row: Gaussian, x + eta n; or uniform within a grey level, which makes bytes u of R + 1
/// levels the numbers 2 (u + U) / (R + 1) - 1 (dequantisation; Theis et al., 1511.01844).
class Noising {
 public:
  /// law: "gaussian" or "uniform". Errors: BadOption; uniform noise on data that are not bytes.
  Noising(const std::string& law, double eta, const Dataset& data);
  /// x: (N, *shape) as the dataset scales it; rows: (N) int64, which noise each gets.
  Tensor operator()(const Tensor& x, const Tensor& rows, const Random& random) const;
  /// The standard deviation of Gaussian noise, 0 for uniform noise.
  double eta() const { return uniform_ ? 0 : eta_; }
  /// Of a grey level, in the units of what operator() returns; 1 where the data are not bytes.
  double level() const { return level_ * squeeze_; }

 private:
  bool uniform_;
  double eta_, shift_ = 0, level_ = 1;  // shift: of the lowest level; level: to the next
  double squeeze_ = 1;                  // of uniformly noised data, to stay within [-1, 1)
};

}  // namespace couplet
