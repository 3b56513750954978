#include "flow/flows/tarflow_block.h"

#include <ATen/ATen.h>

#include "nn/linear.h"

namespace couplet {

namespace {

using torch::nn::LayerNorm;
using torch::nn::LayerNormOptions;
using torch::nn::Linear;
using Module = torch::nn::Module;

// Always in the precision of the weights, under autocast too.
Tensor normalize(LayerNorm& norm, const Tensor& h) {
  return norm(h.to(norm->weight.scalar_type()));
}

}  // namespace

TarFlowAttention::TarFlowAttention(int64_t channels, int64_t head)
    : norm(LayerNormOptions({channels})),
      qkv(channels, 3 * channels),
      proj(channels, channels),
      head(head) {
  register_module("norm", norm);
  register_module("qkv", qkv);
  register_module("proj", proj);
}

Tensor TarFlowAttention::forward(const Tensor& h) {
  const auto heads = linear(qkv, normalize(norm, h))
                         .view({h.size(0), h.size(1), 3, -1, head})
                         .permute({2, 0, 3, 1, 4});
  const auto part = heads.unbind(0);
  const Tensor seen =
      at::scaled_dot_product_attention(part[0], part[1], part[2], {}, 0, /*is_causal=*/true);
  return h + linear(proj, seen.transpose(1, 2).flatten(2));
}

TarFlowMlp::TarFlowMlp(int64_t channels)
    : norm(LayerNormOptions({channels})),
      widen(channels, 4 * channels),
      narrow(4 * channels, channels) {
  register_module("norm", norm);
  const auto main = register_module("main", std::make_shared<Module>());
  main->register_module("0", widen.ptr());
  main->register_module("2", narrow.ptr());
}

Tensor TarFlowMlp::forward(const Tensor& h) {
  return h + linear(narrow, at::gelu(linear(widen, normalize(norm, h))));
}

TarFlowLayer::TarFlowLayer(int64_t channels, int64_t head)
    : attention(register_module("attention", std::make_shared<TarFlowAttention>(channels, head))),
      mlp(register_module("mlp", std::make_shared<TarFlowMlp>(channels))) {}

TarFlowBlock::TarFlowBlock(const TarFlowOptions& options, int64_t tokens, int64_t width,
                           int64_t classes, bool backwards)
    : proj_in(width, options.channels),
      proj_out(options.channels, options.nvp ? 2 * width : width),
      nvp(options.nvp),
      backwards(backwards) {
  register_module("proj_in", proj_in);
  pos_embed = register_parameter("pos_embed", 0.01 * at::randn({tokens, options.channels}));
  if (classes > 0) {
    class_embed =
        register_parameter("class_embed", 0.01 * at::randn({classes, 1, options.channels}));
  }
  const auto list = register_module("attn_blocks", std::make_shared<Module>());
  for (int64_t i = 0; i < options.layers; ++i) {
    layers.push_back(std::make_shared<TarFlowLayer>(options.channels, options.head));
    list->register_module(std::to_string(i), layers.back());
  }
  register_module("proj_out", proj_out);
  const at::NoGradGuard without_grad;  // a new flow is the identity
  proj_out->weight.zero_();
  proj_out->bias.zero_();
  register_buffer("attn_mask",
                  at::tril(at::ones({tokens, tokens})));  // for the published names only
}

Tensor TarFlowBlock::embed(const Tensor& label) const {
  if (!class_embed.defined())
    return at::zeros({label.size(0), pos_embed.size(1)}, pos_embed.options());
  const Tensor table = class_embed.squeeze(1);
  return at::cat({table, table.mean(0, true)}).index({label});  // index -1: the last row
}

Encoded TarFlowBlock::encode(const Tensor& x, const Tensor& label) {
  const int64_t N = x.size(0), T = x.size(1);
  const Tensor ordered = backwards ? x.flip(1) : x;
  const Tensor places = backwards ? pos_embed.flip(0) : pos_embed;

  // Token i is decided by those before it: the last one is never read, the first one stays.
  Tensor h = linear(proj_in, ordered.narrow(1, 0, T - 1)) +
             (places.narrow(0, 0, T - 1) + embed(label).unsqueeze(1));
  for (const auto& layer : layers) h = layer->mlp->forward(layer->attention->forward(h));
  const Tensor out = linear(proj_out, h).to(x.scalar_type());

  const Tensor first = ordered.narrow(1, 0, 1), rest = ordered.narrow(1, 1, T - 1);
  Tensor moved, logdet;
  if (nvp) {
    const auto ab = out.chunk(2, 2);
    moved = (rest - ab[1]) * ab[0].neg().exp();
    logdet = -ab[0].sum({1, 2});
  } else {
    moved = rest - out;
    logdet = at::zeros({N}, x.options());
  }
  const Tensor z = at::cat({first, moved}, 1);
  return {backwards ? z.flip(1) : z, logdet};
}

}  // namespace couplet
