// Decoding token by token, or window by window: what has been read lies in caches of keys and
// values.
#include <ATen/ATen.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "base/error.h"
#include "base/threads.h"
#include "flow/flows/tarflow_block.h"
#include "nn/one_query.h"

namespace couplet {

namespace {

Tensor turned(const Tensor& weight) { return weight.t().contiguous(); }

/// The weights of a layer as products of few rows want them: (in, out); query, key and value of one
/// head lie side by side, so that nothing is gathered; queries are scaled beforehand.
struct LayerWeights {
  explicit LayerWeights(const TarFlowLayer& layer) : attention(*layer.attention), mlp(*layer.mlp) {
    const auto by_head = [&](const Tensor& qkv) {
      const Tensor parts = qkv.unflatten(0, {3, -1, attention.head}).clone();
      parts[0].div_(std::sqrt(attention.head));
      return parts.transpose(0, 1).flatten(0, 2);
    };
    to_qkv = turned(by_head(attention.qkv->weight)), qkv_bias = by_head(attention.qkv->bias);
    proj = turned(attention.proj->weight);
    widen = turned(mlp.widen->weight), narrow = turned(mlp.narrow->weight);
  }

  TarFlowAttention& attention;
  TarFlowMlp& mlp;
  Tensor to_qkv, qkv_bias, proj, widen, narrow;
};

struct BlockWeights {
  explicit BlockWeights(const TarFlowBlock& block)
      : in(turned(block.proj_in->weight)),
        out(turned(block.proj_out->weight)),
        places((block.backwards ? block.pos_embed.flip(0) : block.pos_embed) +
               block.proj_in->bias) {
    for (const auto& layer : block.layers) layers.emplace_back(*layer);
  }

  std::vector<LayerWeights> layers;
  Tensor in, out, places;
};

/// One layer at work.
struct CachedLayer {
  CachedLayer(const LayerWeights& weights, int64_t branches, int64_t batch, int64_t tokens)
      : weights(weights), branches(branches), rows(branches * batch) {
    const Tensor& proj = weights.proj;
    const int64_t head = weights.attention.head;
    seen = at::empty({2, rows, proj.size(0) / head, tokens, head}, proj.options());
    one_qkv = at::empty({rows, weights.to_qkv.size(1)}, proj.options());
    one_wide = at::empty({rows, weights.widen.size(1)}, proj.options());
  }

  /// Carries the tokens [i, i + w), h (rows * w, channels), through the layer, in place. mask:
  /// where w > 1, -inf for the tokens behind each.
  void step(Tensor& h, int64_t i, int64_t w, const Tensor& mask, double temperature) {
    auto& [attention, mlp, to_qkv, qkv_bias, proj, widen, narrow] = weights;
    const Tensor qkv = product(one_qkv, qkv_bias, attention.norm(h), to_qkv, w);
    const Tensor parts = qkv.view({rows, w, -1, 3, attention.head}).permute({3, 0, 2, 1, 4});
    if (branches == 2 && temperature != 1) parts[0].chunk(2)[1].div_(temperature);
    seen.narrow(3, i, w).copy_(parts.narrow(0, 1, 2));
    const auto cache = seen.narrow(3, 0, i + w).unbind(0);  // keys and values so far
    const Tensor found =
        w == 1 ? attention_of_one(parts[0].squeeze(2), cache[0], cache[1]).unsqueeze(2)
               : at::scaled_dot_product_attention(parts[0], cache[0], cache[1], mask, 0, false, 1.);
    h.addmm_(found.transpose(1, 2).reshape_as(h), proj).add_(attention.proj->bias);
    Tensor wide = product(one_wide, mlp.widen->bias, mlp.norm(h), widen, w);
    h.addmm_(at::gelu_(wide), narrow).add_(mlp.narrow->bias);
  }

  /// bias + h weight, for one token in a place of its own: no memory is asked for at every step.
  static Tensor product(Tensor& one, const Tensor& bias, const Tensor& h, const Tensor& weight,
                        int64_t w) {
    return w == 1 ? at::addmm_out(one, bias, h, weight) : at::addmm(bias, h, weight);
  }

  const LayerWeights& weights;
  int64_t branches, rows;
  Tensor seen;               // (2, rows, heads, T, head): keys and values
  Tensor one_qkv, one_wide;  // of one token
};

/// -inf where a token of the window [i, i + w) would look at one behind it, else 0.
Tensor later_tokens(int64_t i, int64_t w, const Tensor& like) {
  return at::full({w, i + w}, -std::numeric_limits<double>::infinity(), like.options())
      .triu_(i + 1);
}

// a + w (a - a_null), likewise b. out: (2, ..., 2 D) where there are log-scales, else (2, ..., D).
Tensor guide(const Tensor& out, const Tensor& w, const std::string& what, bool nvp) {
  const auto given = out[0].chunk(nvp ? 2 : 1, -1), null = out[1].chunk(nvp ? 2 : 1, -1);
  if (nvp && what != "b") given[0].lerp_(null[0], -w);
  if (what != "a") given.back().lerp_(null.back(), -w);
  return out[0];
}

struct Decoded {
  Tensor x;
  int64_t sweeps = 0;
};

Decoded decode_rows(const TarFlowBlock& block, const BlockWeights& weights, const Tensor& z,
                    const Tensor& label, const Decoding& how, int64_t window) {
  const at::NoGradGuard without_grad;
  // Errors add up over the tokens: always in the precision of the weights.
  const c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
  const bool guided = how.guidance != 0;
  const int64_t N = z.size(0), T = z.size(1), D = z.size(2), branches = guided ? 2 : 1;
  const bool backwards = block.backwards, nvp = block.nvp;
  const Tensor noise = backwards ? z.flip(1) : z, x = noise.clone();

  // With guidance the batch is twice as long: with the label, and without at another temperature.
  std::vector<Tensor> classes{block.embed(label)};
  if (guided) classes.push_back(block.embed(at::full_like(label, -1)));
  const Tensor given = at::stack(classes).unsqueeze(2);  // (branches, N, 1, channels)
  Tensor weight = at::full({T - 1, 1}, how.guidance, z.options());
  if (how.annealed) weight.mul_(at::arange(1, T, z.options()).unsqueeze(1)).div_(T - 1);

  std::vector<CachedLayer> cached;
  for (const auto& layer : weights.layers) cached.emplace_back(layer, branches, N, T - 1);

  // Tokens [i + 1, i + 1 + w) out of [i, i + w); those before i lie in the caches.
  const auto next_tokens = [&](int64_t i, int64_t w) {
    const Tensor mask = w > 1 ? later_tokens(i, w, z) : Tensor();
    const Tensor token = at::matmul(x.narrow(1, i, w), weights.in) + weights.places.narrow(0, i, w);
    Tensor h = (token + given).flatten(0, 2);
    for (auto& layer : cached) layer.step(h, i, w, mask, how.temperature);
    const Tensor out = at::addmm(block.proj_out->bias, h, weights.out).view({branches, N, w, -1});
    const Tensor ab = guided ? guide(out, weight.narrow(0, i, w), how.what, nvp) : out[0];
    const Tensor z_next = noise.narrow(1, i + 1, w), shift = ab.narrow(2, nvp ? D : 0, D);
    return nvp ? at::addcmul(shift, z_next, ab.narrow(2, 0, D).exp()) : z_next + shift;
  };

  int64_t sweeps = 0;
  for (int64_t begin = 0; begin < T - 1; begin += window) {
    const int64_t end = std::min(begin + window, T - 1);
    // Each sweep makes one token more exact, so that the next one can begin behind it; wild
    // guesses must not reach earlier tokens as a nan times zero.
    for (int64_t i = begin; i < end; ++i) {
      const int64_t w = end - i;
      const Tensor place = x.narrow(1, i + 1, w);
      Tensor next = next_tokens(i, w);
      ++sweeps;
      if (w == 1) {
        place.copy_(next);
        break;
      }
      next = next.nan_to_num_(0).clamp_(-1e6, 1e6);
      const Tensor moved = (next - place).abs().max();
      place.copy_(next);
      if (moved.item<double>() <= how.tolerance) break;
    }
  }
  return {backwards ? x.flip(1) : x, sweeps};
}

/// So many rows that their caches and the widest window's numbers stay within 4 GiB.
int64_t rows_at_once(const TarFlowBlock& block, const Decoding& how, int64_t window) {
  constexpr double bytes = 4.0 * (1 << 30);
  const double T = block.pos_embed.size(0), C = block.pos_embed.size(1);
  const double layers = block.layers.size(), branches = how.guidance == 0 ? 1 : 2;
  const double numbers = 2 * T * layers * C + 9 * std::min<double>(window, T) * C;
  return std::max<int64_t>(1, bytes / (branches * numbers * block.pos_embed.element_size()));
}

}  // namespace

Tensor TarFlowBlock::decode(const Tensor& z, const Tensor& label, const Decoding& how,
                            int64_t window, int64_t* sweeps) {
  require(window > 0, "a window of ", window, " tokens cannot be decoded");
  const at::NoGradGuard without_grad;
  const BlockWeights weights(*this);
  const Tensor x = at::empty_like(z);
  std::mutex counting;
  int64_t most = 0;  // sweeps of any part of the rows
  const auto decode_part = [&](int64_t begin, int64_t count) {
    const auto part = decode_rows(*this, weights, z.narrow(0, begin, count),
                                  label.narrow(0, begin, count), how, window);
    x.narrow(0, begin, count).copy_(part.x);
    const std::lock_guard lock(counting);
    most = std::max(most, part.sweeps);
  };
  over_shares(z.size(0), z.device(), decode_part, rows_at_once(*this, how, window));
  if (sweeps != nullptr) *sweeps += most;
  return x;
}

}  // namespace couplet
