#include "nn/embedding.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "nn/place.h"

namespace couplet {

Tensor timestep_embedding(const Tensor& t, int64_t dim) {
  const int64_t half = dim / 2;
  const Tensor frequencies = (at::arange(half, t.options()) * (-std::log(10000.0) / half)).exp();
  const Tensor angle = t.unsqueeze(1) * frequencies;
  return at::cat({angle.cos(), angle.sin()}, 1);
}

Tensor harmonic_embedding(const Tensor& t, int64_t count) {
  const Tensor angle = t.unsqueeze(1) * (at::arange(1, count + 1, t.options()) * M_PI);
  return at::cat({angle.sin(), angle.cos()}, 1);
}

Tensor label_or_null_row(const Tensor& table, const Tensor& label) {
  return table.index({at::where(label < 0, table.size(0) - 1, label)});
}

Tensor label_or_zero(const Tensor& table, const Tensor& label) {
  const Tensor rows = table.index({label.clamp_min(0)});
  return at::where((label < 0).unsqueeze(1), 0., rows);
}

std::function<Tensor(const Tensor&)> perceptron(torch::nn::Module& root, const std::string& at,
                                                int64_t in, int64_t out, bool zero_last) {
  auto first = place(root, at + ".0", torch::nn::Linear(in, out));
  auto last = place(root, at + ".2", torch::nn::Linear(out, out));
  if (zero_last) {
    const at::NoGradGuard no_grad;
    last->weight.zero_();
    last->bias.zero_();
  }
  return [first, last](const Tensor& x) mutable { return last(at::silu(first(x))); };
}

}  // namespace couplet
