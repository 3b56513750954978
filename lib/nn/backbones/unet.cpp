#include "nn/backbones/unet.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>

#include "nn/attention.h"
#include "nn/dropout.h"
#include "nn/embedding.h"
#include "nn/place.h"

namespace couplet {

namespace {

using torch::nn::Conv2d;
using torch::nn::GroupNorm;
using torch::nn::Module;

constexpr int64_t kGroups = 32;

// A part of the network that stands under a name of its root: (h, silu(embedding)) -> h.
using Layer = std::function<Tensor(const Tensor& h, const Tensor& emb)>;

GroupNorm norm(Module& root, const std::string& at, int64_t channels) {
  return place(root, at, GroupNorm(kGroups, channels));
}

Tensor normal(const GroupNorm& norm, const Tensor& h) {
  return group_norm(h, kGroups, norm->weight, norm->bias, norm->options.eps());
}

Conv2d conv(Module& root, const std::string& at, int64_t in, int64_t out, int64_t stride = 1) {
  return place(root, at, Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1).stride(stride)));
}

template <class M>
M zeroed(M module) {
  const at::NoGradGuard no_grad;
  module->weight.zero_();
  module->bias.zero_();
  return module;
}

using Resize = Tensor (*)(const Tensor& h);

Tensor same(const Tensor& h) { return h; }

Tensor mean_of_four(const Tensor& h) { return at::avg_pool2d(h, {2, 2}); }

Tensor each_four_times(const Tensor& h) {
  return at::upsample_nearest2d(h, at::IntArrayRef{2 * h.size(2), 2 * h.size(3)});
}

// resize: what happens to the image on the way, before the first convolution and beside it.
Layer residual_block(Module& root, const std::string& at, int64_t in, int64_t out, int64_t width,
                     const UnetOptions& o, Resize resize = same) {
  auto norm1 = norm(root, at + ".in_layers.0", in);
  auto conv1 = conv(root, at + ".in_layers.2", in, out);
  const int64_t given = o.scale_shift_norm ? 2 * out : out;
  auto emb_out = place(root, at + ".emb_layers.1", torch::nn::Linear(width, given));
  auto norm2 = norm(root, at + ".out_layers.0", out);
  auto conv2 = zeroed(conv(root, at + ".out_layers.3", out, out));
  Conv2d skip{nullptr};
  if (in != out) {
    skip = place(root, at + ".skip_connection", Conv2d(torch::nn::Conv2dOptions(in, out, 1)));
  }
  return [=, affine = o.scale_shift_norm, share = o.dropout, training = &root](
             const Tensor& x, const Tensor& emb) mutable {
    Tensor h = conv1(resize(at::silu(normal(norm1, x))));
    const Tensor c = emb_out(emb).unsqueeze(-1).unsqueeze(-1);
    if (affine) {
      const auto scale_shift = c.chunk(2, 1);
      h = normal(norm2, h) * (1 + scale_shift[0]) + scale_shift[1];
    } else {
      h = normal(norm2, h + c);
    }
    h = at::silu(h);
    if (training->is_training()) h = dropout_by_row(h, share, at);
    const Tensor beside = resize(x);
    return conv2(h) + (skip ? skip(beside) : beside);
  };
}

// A convolution of width one is a linear layer over tokens; so q, k and v come out as (N, heads, T,
// D) with D innermost, as the fused attention wants them. Channels of qkv: (head, q k v, D), in the
// new order (q k v, head, D).
Layer attention_block(Module& root, const std::string& at, int64_t channels, const UnetOptions& o,
                      int64_t wanted) {
  const int64_t by = o.head_channels > 0 ? o.head_channels : wanted;
  require_option(channels % by == 0, "backbone unet: ", channels, " channels cannot be split by '",
                 o.head_channels > 0 ? "head_channels" : "heads", "' ", by);
  const int64_t heads = o.head_channels > 0 ? channels / by : wanted;
  using torch::nn::Conv1d;
  auto before = norm(root, at + ".norm", channels);
  auto qkv = place(root, at + ".qkv", Conv1d(channels, 3 * channels, 1));
  auto proj = zeroed(place(root, at + ".proj_out", Conv1d(channels, channels, 1)));
  return [=, grouped = !o.new_attention_order](const Tensor& x, const Tensor&) mutable {
    const auto linear = [](const Tensor& tokens, Conv1d& layer) {
      return at::linear(tokens, layer->weight.squeeze(-1), layer->bias);
    };
    // Contiguous tokens: the bias is added in the product.
    const Tensor rows =
        linear(normal(before, x).flatten(2).transpose(1, 2).contiguous(), qkv);  // (N, T, 3C)
    const Tensor split = grouped ? rows.unflatten(2, {heads, 3, -1}).permute({3, 0, 2, 1, 4})
                                 : rows.unflatten(2, {3, heads, -1}).permute({2, 0, 3, 1, 4});
    const auto parts = split.unbind(0);
    const Tensor mixed = attention(parts[0], parts[1], parts[2]).transpose(1, 2).flatten(2);
    return x + linear(mixed, proj).transpose(1, 2).reshape(x.sizes());
  };
}

// Half and double size: by residual blocks, by a convolution, or without weights.
Layer halve(Module& root, const std::string& at, int64_t channels, int64_t width,
            const UnetOptions& o) {
  if (o.resblock_updown)
    return residual_block(root, at, channels, channels, width, o, mean_of_four);
  if (!o.conv_resample) return [](const Tensor& h, const Tensor&) { return mean_of_four(h); };
  return [op = conv(root, at + ".op", channels, channels, 2)](
             const Tensor& h, const Tensor&) mutable { return op(h); };
}

Layer twice(Module& root, const std::string& at, int64_t channels, int64_t width,
            const UnetOptions& o) {
  if (o.resblock_updown) {
    return residual_block(root, at, channels, channels, width, o, each_four_times);
  }
  if (!o.conv_resample) return [](const Tensor& h, const Tensor&) { return each_four_times(h); };
  return [op = conv(root, at + ".conv", channels, channels)](
             const Tensor& h, const Tensor&) mutable { return op(each_four_times(h)); };
}

class UNet : public Backbone {
 public:
  UNet(const UnetOptions& o, const Space& space, int64_t clocks)
      : options_(o), size_(space.shape[2]) {
    width_ = 4 * o.channels;
    clock_ = perceptron(*this, "time_embed", o.channels, width_);
    for (int64_t k = 1; k < clocks; ++k) {
      further_.push_back(
          perceptron(*this, k == 1 ? "dt_embed" : "w_embed", o.channels, width_, true));
    }
    if (space.classes > 0) {
      labels_ = place(*this, "label_emb", torch::nn::Embedding(space.classes, width_));
    }
    build_encoder(space.shape[0]);
    middle_ = {residual_block(*this, "middle_block.0", now_, now_, width_, o),
               attention_block(*this, "middle_block.1", now_, o, o.heads),
               residual_block(*this, "middle_block.2", now_, now_, width_, o)};
    build_decoder();
    out_norm_ = norm(*this, "out.0", now_);
    out_conv_ = zeroed(conv(*this, "out.2", now_, space.shape[0]));
  }

  Tensor forward(const Tensor& x, const Tensor& times, const Tensor& label) override {
    const Tensor t = times.select(1, 0) * options_.time_scale;
    Tensor emb = clock_(timestep_embedding(t, options_.channels));
    for (size_t k = 0; k < further_.size(); ++k) {
      const Tensor clock = times.select(1, static_cast<int64_t>(k) + 1);  // new: slow as t is
      emb = emb + further_[k](timestep_embedding(clock, options_.channels));
    }
    if (labels_) emb = emb + label_or_zero(labels_->weight, label);
    emb = at::silu(emb);

    std::vector<Tensor> skips;
    Tensor h = x;
    for (auto& layers : encoder_) skips.push_back(h = run(layers, h, emb));
    h = run(middle_, h, emb);
    for (auto& layers : decoder_) {
      h = run(layers, at::cat({h, skips.back()}, 1), emb);
      skips.pop_back();
    }
    return out_conv_(at::silu(normal(out_norm_, h)));
  }

 private:
  using Layers = std::vector<Layer>;

  static Tensor run(Layers& layers, Tensor h, const Tensor& emb) {
    for (auto& layer : layers) h = layer(h, emb);
    return h;
  }

  bool attends(size_t level) const {
    const auto& list = options_.attention_resolutions;
    return std::any_of(list.begin(), list.end(),
                       [&](int64_t r) { return size_ / r == int64_t{1} << level; });
  }

  void build_encoder(int64_t in) {
    const auto& mult = options_.channel_mult;
    now_ = mult[0] * options_.channels;
    auto first = conv(*this, "input_blocks.0.0", in, now_);
    encoder_.push_back({[first](const Tensor& h, const Tensor&) mutable { return first(h); }});
    kept_ = {now_};
    for (size_t level = 0; level < mult.size(); ++level) {
      for (int64_t i = 0; i < options_.res_blocks; ++i) {
        add(encoder_, "input_blocks.", now_, level, options_.heads);
        kept_.push_back(now_);
      }
      if (level + 1 == mult.size()) break;
      const std::string at = text("input_blocks.", encoder_.size(), ".0");
      encoder_.push_back({halve(*this, at, now_, width_, options_)});
      kept_.push_back(now_);
    }
  }

  void build_decoder() {
    const int64_t heads = options_.heads_upsample > 0 ? options_.heads_upsample : options_.heads;
    for (size_t level = options_.channel_mult.size(); level-- > 0;) {
      for (int64_t i = 0; i <= options_.res_blocks; ++i) {
        add(decoder_, "output_blocks.", now_ + kept_.back(), level, heads);
        kept_.pop_back();
      }
      if (level == 0) break;
      Layers& last = decoder_.back();
      const std::string at = text("output_blocks.", decoder_.size() - 1, ".", last.size());
      last.push_back(twice(*this, at, now_, width_, options_));
    }
  }

  // A residual block at a level, with attention where there is some; now_: channels afterwards.
  void add(std::vector<Layers>& blocks, const std::string& where, int64_t in, size_t level,
           int64_t heads) {
    const std::string at = text(where, blocks.size());
    now_ = options_.channel_mult[level] * options_.channels;
    Layers layers{residual_block(*this, at + ".0", in, now_, width_, options_)};
    if (attends(level)) layers.push_back(attention_block(*this, at + ".1", now_, options_, heads));
    blocks.push_back(std::move(layers));
  }

  UnetOptions options_;
  int64_t size_, width_, now_ = 0;  // image side, width of the embedding, channels while building
  std::vector<int64_t> kept_;       // channels of the skips while building
  std::function<Tensor(const Tensor&)> clock_;
  std::vector<std::function<Tensor(const Tensor&)>> further_;  // clocks after the first
  torch::nn::Embedding labels_{nullptr};
  std::vector<Layers> encoder_, decoder_;
  Layers middle_;
  GroupNorm out_norm_{nullptr};
  Conv2d out_conv_{nullptr};
};

void check(const UnetOptions& o, const Space& space, int64_t clocks) {
  require_option(space.shape.size() == 3,
                 "backbone unet is for images (channels, height, width), found ",
                 json(space.shape).dump(), "; vectors are for 'mlp'");
  require_option(o.channels > 0 && o.res_blocks > 0 && o.heads > 0 && !o.channel_mult.empty(),
                 "backbone unet: 'channels', 'res_blocks' and 'heads' must be positive, "
                 "'channel_mult' not empty");
  for (const int64_t mult : o.channel_mult) {
    const int64_t channels = mult * o.channels;
    require_option(
        channels > 0 && channels % kGroups == 0, "backbone unet: 'channels' times each of ",
        "'channel_mult' must be a multiple of ", kGroups, ", found ", o.channels, " x ", mult);
  }
  require_option(o.head_channels >= 0 && o.heads_upsample >= 0,
                 "backbone unet: 'head_channels' and 'heads_upsample' must be 0 or more");
  require_option(o.head_channels == 0 || (o.heads_upsample == 0 && o.heads == UnetOptions().heads),
                 "backbone unet: 'heads' and 'heads_upsample' have no effect beside "
                 "'head_channels'");
  require_option(o.conv_resample || !o.resblock_updown,
                 "backbone unet: 'conv_resample' has no effect beside 'resblock_updown'");
  require_option(o.time_scale > 0, "backbone unet: 'time_scale' must be positive");
  require_option(o.dropout >= 0 && o.dropout < 1, "backbone unet: 'dropout' must be in [0, 1)");
  const int64_t height = space.shape[1], width = space.shape[2];
  for (const int64_t resolution : o.attention_resolutions) {
    require_option(resolution > 0, "backbone unet: 'attention_resolutions' must be positive");
    bool met = resolution > width;  // one list for images of several sizes
    for (size_t k = 0; k < o.channel_mult.size(); ++k) {
      met = met || width / resolution == int64_t{1} << k;
    }
    require_option(met, "backbone unet: 'attention_resolutions' ", resolution,
                   " is no level of an image ", width, " wide");
  }
  const int64_t halved = int64_t{1} << (o.channel_mult.size() - 1);
  require_option(height % halved == 0 && width % halved == 0,
                 "backbone unet: ", o.channel_mult.size(), " levels need an image whose sides ",
                 halved, " divides, found ", height, " x ", width, "; shorten 'channel_mult'");
  require_option(clocks >= 1 && clocks <= 3, "backbone unet reads 1 to 3 clocks, found ", clocks);
}

}  // namespace

std::shared_ptr<Backbone> make_unet(const UnetOptions& options, const Space& space,
                                    int64_t clocks) {
  check(options, space, clocks);
  return std::make_shared<UNet>(options, space, clocks);
}

}  // namespace couplet
