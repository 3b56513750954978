#include "nn/attention.h"

#include <ATen/ATen.h>

#include <cmath>

namespace couplet {

namespace {

thread_local bool written_out = false;

// The softmax is shifted by a constant and divided by its sum, each an operation of its own:
// softmax's forward derivative works in place, which its backward does not survive
// (pytorch#162350).
Tensor attention_written_out(const Tensor& q, const Tensor& k, const Tensor& v, double scale) {
  Tensor logits = at::matmul(q * scale, k.transpose(-2, -1));
  if (at::isReducedFloatingType(logits.scalar_type())) logits = logits.to(at::kFloat);
  const Tensor e = (logits - logits.detach().amax(-1, true)).exp();
  return at::matmul((e / e.sum(-1, true)).to(v.scalar_type()), v);
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::optional<double> scale) {
  const double factor = scale.value_or(1 / std::sqrt(static_cast<double>(q.size(-1))));
  if (written_out) return attention_written_out(q, k, v, factor);
  return at::scaled_dot_product_attention(q, k, v, {}, 0, false, factor);
}

// Written out because the fused one's tangent carries no gradient through its mean and deviation.
Tensor layer_norm(const Tensor& x, double eps) {
  if (!written_out) return at::layer_norm(x, {x.size(-1)}, {}, {}, eps);
  const Tensor centred = x - x.mean(-1, true);
  return centred * (centred.square().mean(-1, true) + eps).rsqrt();
}

// Of bf16 its tangent comes out in float beside a value in bf16, which a convolution does not take.
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                  double eps) {
  const bool wide = written_out && at::isReducedFloatingType(x.scalar_type());
  return at::group_norm(wide ? x.to(at::kFloat) : x, groups, weight, bias, eps);
}

WrittenOut::WrittenOut() : before_(written_out) { written_out = true; }
WrittenOut::~WrittenOut() { written_out = before_; }

}  // namespace couplet
