#include "nn/backbones/dit.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "nn/attention.h"
#include "nn/diffusion.h"
#include "nn/embedding.h"
#include "nn/linear.h"
#include "nn/place.h"

namespace couplet {

namespace {

using torch::nn::Linear;

constexpr int64_t kFrequencies = 256;  // width of the timestep embedding

// (T, width): sines, then cosines, of the positions (T) at width / 2 frequencies, in double.
Tensor sincos(const Tensor& position, int64_t width) {
  const Tensor i = at::arange(width / 2, at::kDouble);
  const Tensor angle = position.unsqueeze(1) * at::pow(10000., -i / (width / 2.));
  return at::cat({angle.sin(), angle.cos()}, 1);
}

// (1, rows columns, width): the first half of the channels codes the column, the second the row.
Tensor position_table(int64_t rows, int64_t columns, int64_t width) {
  const Tensor row = at::arange(rows, at::kDouble).repeat_interleave(columns);
  const Tensor column = at::arange(columns, at::kDouble).repeat({rows});
  const Tensor table = at::cat({sincos(column, width / 2), sincos(row, width / 2)}, 1);
  return table.unsqueeze(0).to(at::kFloat);
}

// LayerNorm without weights, then the affine map that the conditioning asks for. x: (N, T, H).
Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale) {
  return at::addcmul(shift.unsqueeze(1), layer_norm(x, 1e-6), 1 + scale.unsqueeze(1));
}

// A transformer block under root's at: (x, silu(c)) -> x.
using Block = std::function<Tensor(const Tensor& x, const Tensor& c)>;
Block transformer_block(torch::nn::Module& root, const std::string& at, const DitOptions& o) {
  const int64_t inner = static_cast<int64_t>(o.hidden * o.mlp_ratio), heads = o.heads;
  auto qkv = place(root, at + ".attn.qkv", Linear(o.hidden, 3 * o.hidden));
  auto proj = place(root, at + ".attn.proj", Linear(o.hidden, o.hidden));
  auto fc1 = place(root, at + ".mlp.fc1", Linear(o.hidden, inner));
  auto fc2 = place(root, at + ".mlp.fc2", Linear(inner, o.hidden));
  auto modulation = place(root, at + ".adaLN_modulation.1", Linear(o.hidden, 6 * o.hidden));
  return [=](Tensor x, const Tensor& c) mutable {
    const auto m = modulation(c).chunk(6, 1);  // shift, scale, gate; of the attention, of the MLP
    const Tensor rows = linear(qkv, modulated_norm(x, m[0], m[1]));
    const auto parts = rows.unflatten(2, {3, heads, -1}).permute({2, 0, 3, 1, 4}).unbind(0);
    const Tensor mixed = attention(parts[0], parts[1], parts[2]).transpose(1, 2).flatten(2);
    x = at::addcmul(x, m[2].unsqueeze(1), linear(proj, mixed));
    const Tensor wide = at::gelu(linear(fc1, modulated_norm(x, m[3], m[4])), "tanh");
    return at::addcmul(x, m[5].unsqueeze(1), linear(fc2, wide));
  };
}

// Everything that feeds back into the residual stream starts at zero (adaLN-zero), and so does what
// the clocks after the first add.
void initialise(torch::nn::Module& net) {
  const at::NoGradGuard no_grad;
  for (auto& parameter : net.named_parameters()) {
    Tensor& w = parameter.value();
    const auto in = [&](const char* part) {
      return parameter.key().find(part) != std::string::npos;
    };
    if (w.dim() == 1 || in("adaLN_modulation") || in("final_layer") || in("dt_embedder.mlp.2") ||
        in("w_embedder.mlp.2")) {
      w.zero_();
    } else if (in("t_embedder") || in("w_embedder") || in("y_embedder")) {
      w.normal_(0, 0.02);
    } else {  // Xavier, a patch as one vector
      const double bound = std::sqrt(6. / (w.size(0) + w[0].numel()));
      w.uniform_(-bound, bound);
    }
  }
}

class DitNet : public Dit {
 public:
  DitNet(const DitOptions& o, const Space& space, int64_t clocks)
      : options_(o), channels_(space.shape[0]), rows_(space.shape[1] / o.patch) {
    const int64_t width = o.hidden, out = channels_ * (o.learn_sigma ? 2 : 1);
    const auto patches = torch::nn::Conv2dOptions(channels_, width, o.patch).stride(o.patch);
    position_ =
        register_buffer("pos_embed", position_table(rows_, space.shape[2] / o.patch, width));
    patches_ = place(*this, "x_embedder.proj", torch::nn::Conv2d(patches));
    clock_ = perceptron(*this, "t_embedder.mlp", kFrequencies, width);
    for (int64_t k = 1; k < clocks; ++k) {
      further_.push_back(
          perceptron(*this, k == 1 ? "dt_embedder.mlp" : "w_embedder.mlp", kFrequencies, width));
    }
    labels_ =
        place(*this, "y_embedder.embedding_table", torch::nn::Embedding(space.classes + 1, width));
    for (int64_t i = 0; i < o.depth; ++i) {
      blocks_.push_back(transformer_block(*this, text("blocks.", i), o));
    }
    linear_ = place(*this, "final_layer.linear", Linear(width, o.patch * o.patch * out));
    modulation_ = place(*this, "final_layer.adaLN_modulation.1", Linear(width, 2 * width));
    initialise(*this);
  }

  Tensor forward(const Tensor& x, const Tensor& times, const Tensor& label) override {
    const Tensor out = all_channels(x, times, label).slice(1, 0, channels_);
    if (options_.predicts == "velocity") return out;
    return velocity_of_noise(x, out, times.select(1, 0));
  }

  Tensor all_channels(const Tensor& x, const Tensor& times, const Tensor& label) override {
    Tensor c = clock_(timestep_embedding(times.select(1, 0) * options_.time_scale, kFrequencies));
    c = c + label_or_null_row(labels_->weight, label);
    for (size_t k = 0; k < further_.size(); ++k) {
      const Tensor clock = times.select(1, static_cast<int64_t>(k) + 1);  // new: slow as t is
      c = c + further_[k](timestep_embedding(clock, kFrequencies));
    }
    c = at::silu(c);

    Tensor tokens = patches_(x).flatten(2).transpose(1, 2) + position_;
    for (auto& block : blocks_) tokens = block(tokens, c);
    const auto m = modulation_(c).chunk(2, 1);  // shift, scale
    tokens = linear(linear_, modulated_norm(tokens, m[0], m[1]));

    // (N, rows columns, p p C) -> (N, C, H, W)
    const int64_t p = options_.patch;
    const Tensor grid = tokens.unflatten(2, {p, p, -1}).unflatten(1, {rows_, -1});
    return grid.permute({0, 5, 1, 3, 2, 4}).flatten(4, 5).flatten(2, 3);
  }

 private:
  DitOptions options_;
  int64_t channels_, rows_;
  Tensor position_;
  torch::nn::Conv2d patches_{nullptr};
  torch::nn::Embedding labels_{nullptr};
  std::function<Tensor(const Tensor&)> clock_;
  std::vector<std::function<Tensor(const Tensor&)>> further_;  // clocks after the first
  std::vector<Block> blocks_;
  Linear linear_{nullptr}, modulation_{nullptr};
};

}  // namespace

DitOptions sized(DitOptions o) {
  struct Size {
    int64_t hidden, depth, heads;
  };
  static const std::map<std::string, Size> sizes = {
      {"S", {384, 12, 6}}, {"B", {768, 12, 12}}, {"L", {1024, 24, 16}}, {"XL", {1152, 28, 16}}};
  const auto found = sizes.find(o.size.empty() ? "S" : o.size);
  require_option(o.size.empty() || o.hidden == 0 || o.depth == 0 || o.heads == 0,
                 "backbone dit: 'size' has no effect beside 'hidden', 'depth' and 'heads'");
  require_option(found != sizes.end(), "backbone dit: no size '", o.size,
                 "' (there are: S, B, L, XL)");
  if (o.hidden == 0) o.hidden = found->second.hidden;
  if (o.depth == 0) o.depth = found->second.depth;
  if (o.heads == 0) o.heads = found->second.heads;
  return o;
}

std::shared_ptr<Backbone> make_dit(const DitOptions& options, const Space& space, int64_t clocks) {
  const DitOptions o = sized(options);
  require_option(space.shape.size() == 3,
                 "backbone dit is for images (channels, height, width), found ",
                 json(space.shape).dump(), "; vectors are for 'mlp'");
  require_option(
      o.patch > 0 && o.depth > 0 && o.heads > 0 && o.hidden > 0 && o.mlp_ratio * o.hidden >= 1,
      "backbone dit: 'patch', 'hidden', 'depth', 'heads' and 'mlp_ratio' must be positive");
  require_option(o.time_scale > 0, "backbone dit: 'time_scale' must be positive");
  require_option(o.predicts == "velocity" || o.predicts == "noise",
                 "backbone dit: 'predicts' must be velocity or noise, found '", o.predicts, "'");
  const int64_t height = space.shape[1], width = space.shape[2];
  require_option(height % o.patch == 0 && width % o.patch == 0, "backbone dit: 'patch' ", o.patch,
                 " must divide the image, which is ", height, " x ", width);
  require_option(o.hidden % o.heads == 0 && o.hidden % 4 == 0, "backbone dit: 'hidden' ", o.hidden,
                 " must be a multiple of 4 and of 'heads' ", o.heads);
  require_option(clocks >= 1 && clocks <= 3, "backbone dit reads 1 to 3 clocks, found ", clocks);
  return std::make_shared<DitNet>(o, space, clocks);
}

}  // namespace couplet
