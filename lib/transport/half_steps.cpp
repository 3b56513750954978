#include "transport/half_steps.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/lanes.h"

namespace couplet {

namespace {

/// e_j = 2^(v_j + kappa M_j - top) for one row, and their sum; exponents are cut to [-100, 100],
/// which keeps what follows out of denormal numbers. v and e have room for whole vectors; M need
/// not: its end is a copy.
FOR_EACH_LEVEL float powers(const float* M, int64_t m, const float* v, float kappa, float top,
                            float* e) {
  constexpr float shift = 0x1.8p23f;  // adding it rounds, and leaves the whole part in low bits
  const Vector low = Vector{} - 100.0f, high = Vector{} + 100.0f;
  float end[width] = {};
  const int64_t whole = m / width * width;
  std::memcpy(end, M + whole, (m - whole) * sizeof(float));
  Vector sums = {};
  for (int64_t j = 0; j < m; j += width) {
    const float* from = j < whole ? M + j : end;
    Vector t = kappa * vector_at(from).lanes + vector_at(v + j).lanes - top;
    t = t > low ? t : low;
    t = t < high ? t : high;
    const Vector shifted = t + shift, r = t - (shifted - shift);
    // 2^r for r in [-1/2, 1/2] to 2e-9 (equal ripple); the whole part goes to the exponent.
    Vector p = r * 1.535336e-4f + 1.339887e-3f;
    p = p * r + 9.618437e-3f;
    p = p * r + 5.550332e-2f;
    p = p * r + 2.402265e-1f;
    p = p * r + 6.931472e-1f;
    p = p * r + 1.0f;
    p = reinterpret_cast<Vector>(reinterpret_cast<Integers>(p) +
                                 (reinterpret_cast<Integers>(shifted) << 23));
    vector_at(e + j).lanes = p;
    sums += p;
  }
  float sum = 0;
  for (int64_t l = 0; l < width; ++l) sum += sums[l];
  return sum;
}

/// max_j v_j + kappa M_j
FOR_EACH_LEVEL float highest(const float* M, int64_t m, const float* v, float kappa) {
  Vector tops = Vector{} - INFINITY;
  int64_t j = 0;
  for (; j + width <= m; j += width) {
    const Vector t = vector_at(v + j).lanes + kappa * vector_at(M + j).lanes;
    tops = t > tops ? t : tops;
  }
  float best = -INFINITY;
  for (; j < m; ++j) best = std::max(best, v[j] + kappa * M[j]);
  for (int64_t l = 0; l < width; ++l) best = std::max(best, tops[l]);
  return best;
}

/// q += w_0 e_0 + ... + w_3 e_3, for rows e of so many numbers, a multiple of the width.
FOR_EACH_LEVEL void add_rows(const float* e, const float* w, int64_t m, float* q) {
  for (int64_t j = 0; j < m; j += width) {
    const float* four = e + j;
    vector_at(q + j).lanes +=
        (w[0] * vector_at(four).lanes + w[1] * vector_at(four + m).lanes) +
        (w[2] * vector_at(four + 2 * m).lanes + w[3] * vector_at(four + 3 * m).lanes);
  }
}

constexpr int64_t together = 4;  // rows whose exponentials wait in cache for the column sums

void half_steps_by_loops(const Tensor& M, const Tensor& v, double kappa, const Tensor& a,
                         Tensor& lse, Tensor& q) {
  constexpr double log2e = std::numbers::log2e;
  const int64_t rows = M.size(0), m = M.size(1), padded = (m + width - 1) / width * width;
  const Tensor v2 = at::full({padded}, -1e30, M.options()), columns = at::zeros_like(v2);
  v2.narrow(0, 0, m).copy_(v * log2e);
  const Tensor room = at::zeros({together, padded}, M.options());
  const float *from = M.const_data_ptr<float>(), *high = v2.const_data_ptr<float>();
  const float scale = static_cast<float>(kappa * log2e);
  const double* mass = a.const_data_ptr<double>();
  double* found = lse.mutable_data_ptr<double>();
  float *e = room.mutable_data_ptr<float>(), *sums = columns.mutable_data_ptr<float>();

  for (int64_t first = 0; first < rows; first += together) {
    float w[together] = {};
    for (int64_t k = 0; k < together && first + k < rows; ++k) {
      const int64_t i = first + k;
      const float* row = from + i * M.stride(0);
      // By the guess; where that leaves exponentials out of range, by the row's own maximum.
      float top = static_cast<float>(found[i] * log2e);
      float sum = std::isfinite(top) ? powers(row, m, high, scale, top, e + k * padded) : 0;
      if (!(sum > 0x1p-20f && sum < 0x1p20f)) {
        top = highest(row, m, high, scale);
        sum = powers(row, m, high, scale, top, e + k * padded);
      }
      found[i] = (top + std::log2(static_cast<double>(sum))) / log2e;
      w[k] = static_cast<float>(mass[i] / sum);
    }
    add_rows(e, w, padded, sums);
  }
  q.add_(columns.narrow(0, 0, m));
}

bool in_lanes(const Tensor& M) {
  return M.is_cpu() && M.scalar_type() == at::kFloat && M.stride(1) == 1;
}

}  // namespace

void half_steps(const Tensor& M, const Tensor& v, double kappa, const Tensor& a, Tensor lse,
                Tensor q) {
  in_lanes(M) ? half_steps_by_loops(M, v, kappa, a, lse, q)
              : half_steps_by_tensors(M, v, kappa, a, lse, q);
}

void half_steps_by_tensors(const Tensor& M, const Tensor& v, double kappa, const Tensor& a,
                           Tensor lse, Tensor q) {
  Tensor t = at::add(v.to(M.scalar_type()), M, kappa);
  const Tensor top = t.amax(1, /*keepdim=*/true);
  const Tensor e = t.sub_(top).exp_(), sum = e.sum(1);
  lse.copy_(top.squeeze(1).to(at::kDouble) + sum.to(at::kDouble).log());
  q.add_(at::mv(e.t(), (a / sum).to(e.scalar_type())));
}

}  // namespace couplet
