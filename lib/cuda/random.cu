#include <ATen/cuda/CUDAContext.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include "cuda/philox.h"
#include "cuda/random.h"

namespace couplet::cuda {

namespace {

constexpr int threads = 256;

template <bool normal>
__global__ void draw_kernel(const int64_t* rows, int64_t n, uint64_t key, int64_t count,
                            float* out) {
  const int64_t blocks = (count + 3) / 4;
  const int64_t i = blockIdx.x * int64_t{threads} + threadIdx.x;
  if (i >= n * blocks) return;
  const int64_t row = i / blocks, block = i % blocks;
  const Four four = philox(key, static_cast<uint64_t>(rows[row]), block);
  const FourNumbers numbers = normals(four);
  for (int k = 0; k < 4 && 4 * block + k < count; ++k) {
    out[row * count + 4 * block + k] = normal ? numbers.number[k] : unit(four.word[k]);
  }
}

__global__ void permute_kernel(const int64_t* rows, int64_t n, uint64_t key, int64_t size,
                               int64_t* out) {
  const int64_t i = blockIdx.x * int64_t{threads} + threadIdx.x;
  if (i < n) out[i] = permuted(key, rows[i] / size, rows[i] % size, size);
}

int64_t grid(int64_t n) { return (n + threads - 1) / threads; }

template <bool normal>
at::Tensor draw(const at::Tensor& rows, uint64_t key, int64_t count) {
  const c10::cuda::CUDAGuard guard(rows.device());
  at::Tensor out = at::empty({rows.size(0), count}, rows.options().dtype(at::kFloat));
  const int64_t work = rows.size(0) * ((count + 3) / 4);
  if (work == 0) return out;
  const at::Tensor row = rows.contiguous();
  draw_kernel<normal><<<grid(work), threads, 0, at::cuda::getCurrentCUDAStream()>>>(
      row.const_data_ptr<int64_t>(), rows.size(0), key, count, out.mutable_data_ptr<float>());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

}  // namespace

at::Tensor uniform(const at::Tensor& rows, uint64_t key, int64_t count) {
  return draw<false>(rows, key, count);
}

at::Tensor normal(const at::Tensor& rows, uint64_t key, int64_t count) {
  return draw<true>(rows, key, count);
}

at::Tensor permute(const at::Tensor& rows, uint64_t key, int64_t size) {
  const c10::cuda::CUDAGuard guard(rows.device());
  at::Tensor out = at::empty_like(rows, at::MemoryFormat::Contiguous);
  if (rows.numel() == 0) return out;
  const at::Tensor row = rows.contiguous();
  permute_kernel<<<grid(rows.numel()), threads, 0, at::cuda::getCurrentCUDAStream()>>>(
      row.const_data_ptr<int64_t>(), rows.numel(), key, size, out.mutable_data_ptr<int64_t>());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

}  // namespace couplet::cuda
