#include "nn/backbones/mlp.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

#include "nn/attention.h"
#include "nn/embedding.h"
#include "nn/place.h"

namespace couplet {

namespace {

using torch::nn::Linear;

constexpr int64_t kHarmonics = 8;  // slow enough that derivatives in time stay tame

Linear zeroed(Linear linear) {
  const at::NoGradGuard no_grad;
  linear->weight.zero_();
  linear->bias.zero_();
  return linear;
}

// h + gate W2 silu(W1 ((1 + scale) norm(h) + shift)); shift, scale and gate follow the
// conditioning.
using Block = std::function<Tensor(const Tensor& h, const Tensor& c)>;
Block residual_block(torch::nn::Module& root, const std::string& at, int64_t width) {
  auto modulation = place(root, at + ".modulation", zeroed(Linear(width, 3 * width)));
  auto first = place(root, at + ".first", Linear(width, width));
  auto last = place(root, at + ".last", Linear(width, width));
  return [=](const Tensor& h, const Tensor& c) mutable {
    const auto m = modulation(c).chunk(3, 1);
    const Tensor inner = at::silu(first(layer_norm(h, 1e-5) * (1 + m[1]) + m[0]));
    return h + (1 + m[2]) * last(inner);
  };
}

class Mlp : public Backbone {
 public:
  Mlp(const MlpOptions& o, const Space& space, int64_t clocks) {
    const int64_t dims = space.dims();
    clock_ = perceptron(*this, "clock", 2 * kHarmonics, o.hidden);
    for (int64_t k = 1; k < clocks; ++k) {
      further_.push_back(perceptron(*this, k == 1 ? "second_clock" : "third_clock", 2 * kHarmonics,
                                    o.hidden, true));
    }
    labels_ = place(*this, "label", torch::nn::Embedding(space.classes + 1, o.hidden));
    in_ = place(*this, "in", Linear(dims, o.hidden));
    for (int64_t i = 0; i < o.depth; ++i) {
      blocks_.push_back(residual_block(*this, text("blocks.", i), o.hidden));
    }
    out_ = place(*this, "out", zeroed(Linear(o.hidden, dims)));
    gain_ = place(*this, "gain", zeroed(Linear(o.hidden, 1)));
    const at::NoGradGuard no_grad;
    labels_->weight.normal_(0, 0.02);
  }

  // out(h) + gain(c) x: the noise in x need not pass through the width of the network.
  Tensor forward(const Tensor& x, const Tensor& times, const Tensor& label) override {
    Tensor c = clock_(harmonic_embedding(times.select(1, 0), kHarmonics));
    c = c + label_or_null_row(labels_->weight, label);
    for (size_t k = 0; k < further_.size(); ++k) {
      const Tensor clock = times.select(1, static_cast<int64_t>(k) + 1);
      c = c + further_[k](harmonic_embedding(clock, kHarmonics));
    }
    c = at::silu(c);

    const Tensor flat = x.flatten(1);
    Tensor h = in_(flat);
    for (auto& block : blocks_) h = block(h, c);
    return (out_(at::silu(layer_norm(h, 1e-5))) + gain_(c) * flat).reshape(x.sizes());
  }

 private:
  std::function<Tensor(const Tensor&)> clock_;
  std::vector<std::function<Tensor(const Tensor&)>> further_;  // clocks after the first
  torch::nn::Embedding labels_{nullptr};
  Linear in_{nullptr}, out_{nullptr}, gain_{nullptr};
  std::vector<Block> blocks_;
};

}  // namespace

std::shared_ptr<Backbone> make_mlp(const MlpOptions& o, const Space& space, int64_t clocks) {
  require_option(o.hidden > 0 && o.depth > 0,
                 "backbone mlp: 'hidden' and 'depth' must be positive");
  require_option(clocks >= 1 && clocks <= 3, "backbone mlp reads 1 to 3 clocks, found ", clocks);
  return std::make_shared<Mlp>(o, space, clocks);
}

}  // namespace couplet
