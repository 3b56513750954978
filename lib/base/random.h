// Randomness with an address and no history.
#pragma once
#include "base/types.h"

namespace couplet {

/// Counter-based draws: (seed, stream, row) alone decides the numbers, so that batch size, shards,
/// restarts and devices do not change a draw. Bits are equal on all devices, normals to rounding.
class Random {
 public:
  explicit Random(uint64_t seed) : key_(seed) {}
  /// A stream of its own under this one; equal names, equal streams.
  Random stream(std::string_view name) const;
  /// rows: (N) int64 -> (N, *shape) float, N(0, 1) each, on the device of rows.
  Tensor normal(const Tensor& rows, at::IntArrayRef shape) const;
  /// The same, uniform in (0, 1].
  Tensor uniform(const Tensor& rows, at::IntArrayRef shape) const;
  /// rows: (N) int64 -> (N): a keyed permutation of 0 .. size-1, another one each size rows.
  Tensor permute(const Tensor& rows, int64_t size) const;
  uint64_t key() const { return key_; }

 private:
  uint64_t key_;
};

/// Rows begin .. end-1 as (N) int64 on a device.
Tensor row_range(int64_t begin, int64_t end, c10::Device device = c10::kCPU);

}  // namespace couplet
