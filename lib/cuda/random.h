// Random numbers by address, as plain functions of tensors; random_cpu.cpp has their CPU twins.
#pragma once
#include <ATen/core/Tensor.h>

namespace couplet::cuda {

/// Uniform draws in (0, 1], (N, count) float: row i is decided by (key, rows[i]) alone. rows: (N)
/// int64.
at::Tensor uniform(const at::Tensor& rows, uint64_t key, int64_t count);
/// The same, N(0, 1).
at::Tensor normal(const at::Tensor& rows, uint64_t key, int64_t count);
/// rows (N) int64 -> (N): where a keyed permutation of 0 .. size-1, anew each size rows, sends
/// them.
at::Tensor permute(const at::Tensor& rows, uint64_t key, int64_t size);

}  // namespace couplet::cuda

namespace couplet::cpu {

at::Tensor uniform(const at::Tensor& rows, uint64_t key, int64_t count);
at::Tensor normal(const at::Tensor& rows, uint64_t key, int64_t count);
at::Tensor permute(const at::Tensor& rows, uint64_t key, int64_t size);

}  // namespace couplet::cpu
