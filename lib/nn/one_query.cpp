#include "nn/one_query.h"

#include <ATen/ATen.h>

#include <cstring>

#include "base/lanes.h"

namespace couplet {

namespace {

using Four = float __attribute__((vector_size(16)));
using Eight = float __attribute__((vector_size(32)));

/// out[t] = q . k[t]
FOR_EACH_LEVEL void dot_each(const float* q, const float* k, int64_t tokens, int64_t head,
                             float* out) {
  for (int64_t t = 0; t < tokens; ++t, k += head) {
    Vector sums = {};
    for (int64_t c = 0; c < head; c += width)
      sums += vector_at(q + c).lanes * vector_at(k + c).lanes;
    const Eight eight = __builtin_shufflevector(sums, sums, 0, 1, 2, 3, 4, 5, 6, 7) +
                        __builtin_shufflevector(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15);
    const Four four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
                      __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    out[t] = (four[0] + four[2]) + (four[1] + four[3]);
  }
}

/// out = sum_t weight[t] v[t], for the columns of four vectors at a time: memory is read in order.
FOR_EACH_LEVEL void weighted_sum(const float* weight, const float* v, int64_t tokens, int64_t head,
                                 float* out) {
  int64_t c = 0;
  for (; c + 4 * width <= head; c += 4 * width) {
    Vector a = {}, b = {}, d = {}, e = {};
    for (int64_t t = 0; t < tokens; ++t) {
      const float* row = v + t * head + c;
      a += weight[t] * vector_at(row).lanes, b += weight[t] * vector_at(row + width).lanes;
      d += weight[t] * vector_at(row + 2 * width).lanes,
          e += weight[t] * vector_at(row + 3 * width).lanes;
    }
    const Vector sums[] = {a, b, d, e};
    std::memcpy(out + c, sums, sizeof sums);
  }
  for (; c < head; c += width) {
    Vector sum = {};
    for (int64_t t = 0; t < tokens; ++t) sum += weight[t] * vector_at(v + t * head + c).lanes;
    std::memcpy(out + c, &sum, sizeof sum);
  }
}

bool in_lanes(const Tensor& t) {
  const int64_t head = t.size(-1);
  return t.is_cpu() && t.scalar_type() == at::kFloat && head % width == 0 && t.stride(-1) == 1 &&
         (t.dim() == 3 || t.stride(2) == head);
}

}  // namespace

Tensor attention_of_one(const Tensor& q, const Tensor& k, const Tensor& v) {
  if (!in_lanes(q) || !in_lanes(k) || !in_lanes(v)) {
    const Tensor logits = at::matmul(k, q.unsqueeze(3)).squeeze(3);
    return at::matmul(logits.softmax(2).unsqueeze(2), v).squeeze(2);
  }
  const int64_t rows = q.size(0), heads = q.size(1), head = q.size(2), tokens = k.size(2);
  TORCH_INTERNAL_ASSERT(k.sizes() == v.sizes() &&
                        k.sizes() == at::IntArrayRef({rows, heads, tokens, head}));
  const auto each = [&](const auto& f) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t h = 0; h < heads; ++h) f(r, h);
    }
  };
  const auto part = [](const Tensor& t) {
    return [from = t.const_data_ptr<float>(), r = t.stride(0), h = t.stride(1)](
               int64_t row, int64_t number) { return from + row * r + number * h; };
  };
  const Tensor logits = at::empty({rows, heads, tokens}, q.options());
  float* to = logits.mutable_data_ptr<float>();
  each([&, q = part(q), k = part(k)](int64_t r, int64_t h) {
    dot_each(q(r, h), k(r, h), tokens, head, to + (r * heads + h) * tokens);
  });
  const Tensor weight = logits.softmax(2);
  const Tensor out = at::empty_like(q, {}, at::MemoryFormat::Contiguous);
  float* found = out.mutable_data_ptr<float>();
  each([&, w = part(weight), v = part(v)](int64_t r, int64_t h) {
    weighted_sum(w(r, h), v(r, h), tokens, head, found + (r * heads + h) * head);
  });
  return out;
}

}  // namespace couplet
