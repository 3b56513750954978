// Decoding token by token: what has been read lies in caches of keys and values.
#include <ATen/ATen.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cmath>

#include "flow/flows/tarflow_block.h"

namespace couplet {

namespace {

Tensor turned(const Tensor& weight) { return weight.t().contiguous(); }

/// One layer at work. Weights are (in, out), which the products of few rows want; query, key and
/// value of one head lie side by side, so that nothing is gathered; queries are scaled beforehand.
struct CachedLayer {
  CachedLayer(const TarFlowLayer& layer, int64_t branches, int64_t batch, int64_t tokens)
      : attention(*layer.attention), mlp(*layer.mlp), branches(branches), rows(branches * batch) {
    const auto by_head = [&](const Tensor& qkv) {
      const Tensor parts = qkv.unflatten(0, {3, -1, attention.head}).clone();
      parts[0].div_(std::sqrt(attention.head));
      return parts.transpose(0, 1).flatten(0, 2);
    };
    to_qkv = turned(by_head(attention.qkv->weight)), qkv_bias = by_head(attention.qkv->bias);
    proj = turned(attention.proj->weight);
    widen = turned(mlp.widen->weight), narrow = turned(mlp.narrow->weight);

    const auto like = proj.options();
    seen = at::empty({2, rows * proj.size(0) / attention.head, tokens, attention.head}, like);
    qkv = at::empty({rows, to_qkv.size(1)}, like), wide = at::empty({rows, widen.size(1)}, like);
  }

  /// Carries token i, h (rows, channels), through the layer, in place.
  void step(Tensor& h, int64_t i, double temperature) {
    at::addmm_out(qkv, qkv_bias, attention.norm(h), to_qkv);
    const Tensor parts = qkv.view({-1, 3, attention.head});
    if (branches == 2 && temperature != 1) parts.chunk(2)[1].select(1, 0).div_(temperature);
    seen.select(2, i).copy_(parts.narrow(1, 1, 2).transpose(0, 1));
    const auto cache = seen.narrow(2, 0, i + 1).unbind(0);  // keys and values so far
    const Tensor logits = at::bmm(parts.narrow(1, 0, 1), cache[0].transpose(1, 2));
    const Tensor found = at::bmm(logits.softmax(2), cache[1]).view_as(h);
    h.addmm_(found, proj).add_(attention.proj->bias);
    at::addmm_out(wide, mlp.widen->bias, mlp.norm(h), widen);
    h.addmm_(at::gelu_(wide), narrow).add_(mlp.narrow->bias);
  }

  TarFlowAttention& attention;
  TarFlowMlp& mlp;
  int64_t branches, rows;
  Tensor to_qkv, qkv_bias, proj, widen, narrow;
  Tensor seen;  // (2, rows * heads, T, head): keys and values
  Tensor qkv, wide;
};

// a + w (a - a_null), likewise b. out: (2, N, 2 D) where there are log-scales, else (2, N, D).
Tensor guide(const Tensor& out, double w, const std::string& what, bool nvp) {
  const auto given = out[0].chunk(nvp ? 2 : 1, 1), null = out[1].chunk(nvp ? 2 : 1, 1);
  if (nvp && what != "b") given[0].lerp_(null[0], -w);
  if (what != "a") given.back().lerp_(null.back(), -w);
  return out[0];
}

}  // namespace

void TarFlowBlock::decode(Tensor x, const Tensor& label, const Decoding& how) {
  const at::NoGradGuard without_grad;
  // Errors add up over the tokens: always in the precision of the weights.
  const c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
  const bool guided = how.guidance != 0;
  const int64_t N = x.size(0), T = x.size(1), D = x.size(2), branches = guided ? 2 : 1;
  const auto place = [&](int64_t i) { return backwards ? T - 1 - i : i; };

  // With guidance the batch is twice as long: with the label, and without at another temperature.
  std::vector<Tensor> classes{embed(label)};
  if (guided) classes.push_back(embed(at::full_like(label, -1)));
  const Tensor given = at::stack(classes);  // (branches, N, channels)

  std::vector<CachedLayer> cached;
  for (const auto& layer : layers) cached.emplace_back(*layer, branches, N, T - 1);
  const Tensor in = turned(proj_in->weight), out_weight = turned(proj_out->weight);
  const Tensor places = pos_embed + proj_in->bias;

  for (int64_t i = 0; i < T - 1; ++i) {
    const Tensor token = at::addmm(places[place(i)], x.select(1, place(i)), in);
    Tensor h = (token + given).flatten(0, 1);
    for (auto& layer : cached) layer.step(h, i, how.temperature);
    const Tensor out = at::addmm(proj_out->bias, h, out_weight).view({branches, N, -1});

    const double w = how.guidance * (how.annealed ? double(i + 1) / (T - 1) : 1);
    const Tensor ab = guided ? guide(out, w, how.what, nvp) : out[0];
    Tensor next = x.select(1, place(i + 1));
    if (nvp) next.mul_(ab.narrow(1, 0, D).exp());
    next.add_(ab.narrow(1, nvp ? D : 0, D));
  }
}

}  // namespace couplet
