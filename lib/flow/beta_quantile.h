// Quantiles of the beta distribution.
#pragma once
#include "base/types.h"

namespace couplet {

/// t where a share u of Beta(alpha, beta), density t^(alpha-1) (1-t)^(beta-1) / B(alpha, beta),
/// lies below; u: double, any shape, on any device, and so is t. To rounding: LibTorch has no
/// incomplete beta function.
struct BetaQuantile {
  BetaQuantile(double alpha, double beta);
  Tensor operator()(const Tensor& u) const;

 private:
  double alpha_, beta_;
  double top_, low_, high_;  // of the density of logit t: log of its maximum; its range
};

}  // namespace couplet
