// One block of a TarFlow: an autoregressive affine map of tokens, its parameters by a transformer.
#pragma once
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "flow/flows/tarflow.h"

namespace couplet {

/// h + proj(attention(norm(h))). Rows of qkv: all query heads, all key heads, all value heads.
struct TarFlowAttention : torch::nn::Module {
  TarFlowAttention(int64_t channels, int64_t head);
  Tensor forward(const Tensor& h);  ///< (N, T, channels), causal

  torch::nn::LayerNorm norm;
  torch::nn::Linear qkv, proj;
  int64_t head;
};

/// h + widen, GELU, narrow(norm(h)).
struct TarFlowMlp : torch::nn::Module {
  explicit TarFlowMlp(int64_t channels);
  Tensor forward(const Tensor& h);

  torch::nn::LayerNorm norm;
  torch::nn::Linear widen, narrow;
};

struct TarFlowLayer : torch::nn::Module {
  TarFlowLayer(int64_t channels, int64_t head);

  std::shared_ptr<TarFlowAttention> attention;
  std::shared_ptr<TarFlowMlp> mlp;
};

/// Tokens (N, T, D), read forwards or backwards: z_i = (x_i - b_i) exp(-a_i), where the log-scale
/// a_i and the shift b_i depend on x_0 .. x_{i-1} and the label; z_0 = x_0.
struct TarFlowBlock : FlowBlock {
  TarFlowBlock(const TarFlowOptions& options, int64_t tokens, int64_t width, int64_t classes,
               bool backwards);
  Encoded encode(const Tensor& x, const Tensor& label) override;
  /// With key/value caches; no gradients.
  Tensor decode(const Tensor& z, const Tensor& label, const Decoding& how, int64_t window,
                int64_t* sweeps) override;
  int64_t steps() const override { return pos_embed.size(0) - 1; }
  /// (N, channels): the label's embedding; for -1 the mean of all; zeros where there are no
  /// classes.
  Tensor embed(const Tensor& label) const;

  torch::nn::Linear proj_in, proj_out;
  std::vector<std::shared_ptr<TarFlowLayer>> layers;
  Tensor pos_embed, class_embed;
  bool nvp, backwards;
};

}  // namespace couplet
