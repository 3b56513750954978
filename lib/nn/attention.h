// Attention and normalisation: fused, or written out where forward-mode differentiation passes.
#pragma once
#include <optional>

#include "base/types.h"

namespace couplet {

/// softmax(scale q k^T) v. q, k, v: (N, heads, T, D) -> the same; scale: 1 / sqrt(D) unless given.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                 std::optional<double> scale = {});

/// (x - mean) / sqrt(variance + eps) over the last dimension.
Tensor layer_norm(const Tensor& x, double eps);

/// The same over groups of channels and all places, times weight plus bias, each (C); x: (N, C, …).
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                  double eps);

/// While one lives, all of them on this thread are in operations that have a forward derivative and
/// a backward pass through it; the fused kernels and LibTorch's softmax have not.
class WrittenOut {
 public:
  WrittenOut();
  ~WrittenOut();
  WrittenOut(const WrittenOut&) = delete;
  WrittenOut& operator=(const WrittenOut&) = delete;

 private:
  bool before_;
};

}  // namespace couplet
