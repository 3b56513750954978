#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "cuda/philox.h"
#include "cuda/random.h"

namespace couplet::cpu {

namespace {

// write(four, out, n): the first n of the numbers that four words make.
template <class Write>
at::Tensor draw(const at::Tensor& rows, uint64_t key, int64_t count, Write write) {
  at::Tensor out = at::empty({rows.size(0), count}, rows.options().dtype(at::kFloat));
  const at::Tensor row = rows.contiguous();
  const int64_t* r = row.const_data_ptr<int64_t>();
  float* p = out.mutable_data_ptr<float>();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    for (int64_t j = 0; j < count; j += 4) {
      write(cuda::philox(key, static_cast<uint64_t>(r[i]), j / 4), p + i * count + j,
            std::min<int64_t>(4, count - j));
    }
  }
  return out;
}

}  // namespace

at::Tensor uniform(const at::Tensor& rows, uint64_t key, int64_t count) {
  return draw(rows, key, count, [](const cuda::Four& four, float* out, int64_t n) {
    for (int64_t k = 0; k < n; ++k) out[k] = cuda::unit(four.word[k]);
  });
}

at::Tensor normal(const at::Tensor& rows, uint64_t key, int64_t count) {
  return draw(rows, key, count, [](const cuda::Four& four, float* out, int64_t n) {
    const cuda::FourNumbers numbers = cuda::normals(four);
    for (int64_t k = 0; k < n; ++k) out[k] = numbers.number[k];
  });
}

at::Tensor permute(const at::Tensor& rows, uint64_t key, int64_t size) {
  at::Tensor out = at::empty_like(rows, at::MemoryFormat::Contiguous);
  const at::Tensor row = rows.contiguous();
  const int64_t* r = row.const_data_ptr<int64_t>();
  int64_t* p = out.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    p[i] = static_cast<int64_t>(cuda::permuted(key, r[i] / size, r[i] % size, size));
  }
  return out;
}

}  // namespace couplet::cpu
