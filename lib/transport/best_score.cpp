#include "transport/best_score.h"

#include <ATen/ATen.h>

#include "base/lanes.h"

namespace couplet {

namespace {

/// The first greatest g_j + M_j of one row. Each lane keeps the best of its columns and where its
/// vector began.
FOR_EACH_LEVEL void best_of_row(const float* M, const float* g, int64_t m, float& best,
                                int64_t& index) {
  Vector tops = Vector{} - __builtin_inff();
  Integers where = {}, here = {};
  int64_t j = 0;
  for (; j + width <= m; j += width, here += static_cast<int32_t>(width)) {
    const Vector score = vector_at(g + j).lanes + vector_at(M + j).lanes;
    const Integers better = score > tops;
    tops = better ? score : tops;
    where = better ? here : where;
  }
  best = -__builtin_inff(), index = 0;
  for (int64_t l = 0; l < width; ++l) {
    const int64_t column = where[l] + l;
    if (tops[l] > best || (tops[l] == best && column < index)) best = tops[l], index = column;
  }
  for (; j < m; ++j) {
    if (g[j] + M[j] > best) best = g[j] + M[j], index = j;
  }
}

}  // namespace

void take_best(const Tensor& M, const Tensor& g, int64_t first, Tensor best, Tensor index) {
  if (!M.is_cpu() || M.scalar_type() != at::kFloat || M.stride(1) != 1 || !g.is_contiguous())
    return take_best_by_tensors(M, g, first, best, index);
  float* tops = best.mutable_data_ptr<float>();
  int64_t* columns = index.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < M.size(0); ++i) {
    float top;
    int64_t column;
    best_of_row(M.const_data_ptr<float>() + i * M.stride(0), g.const_data_ptr<float>(), M.size(1),
                top, column);
    if (top > tops[i]) tops[i] = top, columns[i] = first + column;
  }
}

void take_best_by_tensors(const Tensor& M, const Tensor& g, int64_t first, Tensor best,
                          Tensor index) {
  const auto [top, column] = (M + g).max(1);
  const Tensor better = top > best;
  index.copy_(at::where(better, column + first, index));
  best.copy_(at::where(better, top, best));
}

}  // namespace couplet
