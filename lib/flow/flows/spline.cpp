#include "flow/flows/spline.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "base/threads.h"
#include "nn/embedding.h"
#include "nn/linear.h"
#include "nn/place.h"

namespace couplet {

namespace {

using torch::nn::Linear;

constexpr double least_size = 1e-3;  // of a piece, as a share of all; of a slope

/// Ends of the pieces: (..., K) -> (..., K + 1), from -bound to bound.
Tensor knots(const Tensor& sizes, double bound) {
  const int64_t K = sizes.size(-1);
  const Tensor share = least_size + (1 - least_size * K) * sizes.softmax(-1);
  const Tensor inner = share.cumsum(-1).narrow(-1, 0, K - 1) * (2 * bound) - bound;
  const Tensor end = at::full_like(sizes.narrow(-1, 0, 1), bound);
  return at::cat({-end, inner, end}, -1);
}

}  // namespace

std::pair<Tensor, Tensor> rational_quadratic(const Tensor& x, const Tensor& shape, double bound,
                                             bool inverse) {
  const int64_t K = (shape.size(-1) + 1) / 3;
  const Tensor xs = knots(shape.narrow(-1, 0, K), bound);
  const Tensor ys = knots(shape.narrow(-1, K, K), bound);
  const Tensor one = at::ones_like(shape.narrow(-1, 0, 1));
  const double unit = std::log(std::expm1(1 - least_size));  // a slope of one
  const Tensor slopes =
      at::cat({one, least_size + at::softplus(shape.narrow(-1, 2 * K, K - 1) + unit), one}, -1);

  const Tensor point = x.clamp(-bound, bound).unsqueeze(-1);
  const Tensor& ends = inverse ? ys : xs;
  const Tensor k =
      (point >= ends.narrow(-1, 0, K)).sum(-1, /*keepdim=*/true).sub_(1).clamp_(0, K - 1);
  const auto pick = [&](const Tensor& all, const Tensor& index) { return all.gather(-1, index); };
  const Tensor x0 = pick(xs, k), w = pick(xs, k + 1) - x0;
  const Tensor y0 = pick(ys, k), h = pick(ys, k + 1) - y0;
  const Tensor d0 = pick(slopes, k), d1 = pick(slopes, k + 1), s = h / w, bend = d0 + d1 - 2 * s;

  Tensor u, result;  // u: where in its piece x lies, 0 to 1
  if (inverse) {
    const Tensor y = point - y0;
    const Tensor a = h * (s - d0) + y * bend, b = h * d0 - y * bend, c = -s * y;
    u = 2 * c / (-b - (b * b - 4 * a * c).clamp_min(0).sqrt());
    result = x0 + u * w;
  } else {
    u = (point - x0) / w;
    result = y0 + h * (s * u * u + d0 * u * (1 - u)) / (s + bend * u * (1 - u));
  }
  const Tensor slope = s * s * (d1 * u * u + 2 * s * u * (1 - u) + d0 * (1 - u) * (1 - u)) /
                       (s + bend * u * (1 - u)).square();
  const Tensor inside = x.abs() < bound;
  const Tensor log_slope = slope.squeeze(-1).log();
  return {at::where(inside, result.squeeze(-1), x),
          at::where(inside, inverse ? -log_slope : log_slope, at::zeros_like(x))};
}

namespace {

/// Moves every other number by a spline that the numbers between them and the label decide.
struct SplineBlock : FlowBlock {
  SplineBlock(const SplineOptions& o, const Space& space, int64_t parity)
      : parity(parity), dims(space.dims()), bound(o.bound) {
    const int64_t moved = (dims - parity + 1) / 2;
    in = place(*this, "in", Linear(dims - moved, o.hidden));
    if (space.classes > 0) {
      labels = register_parameter("label", 0.01 * at::randn({space.classes, o.hidden}));
    }
    for (int64_t i = 0; i < o.depth; ++i) {
      const std::string at = "residual." + std::to_string(i);
      residual.push_back({place(*this, at + ".first", Linear(o.hidden, o.hidden)),
                          place(*this, at + ".last", Linear(o.hidden, o.hidden))});
    }
    out = place(*this, "out", Linear(o.hidden, moved * (3 * o.bins - 1)));
    const at::NoGradGuard without_grad;  // a new flow is the identity
    out->weight.zero_();
    out->bias.zero_();
  }

  Encoded encode(const Tensor& x, const Tensor& label) override {
    const auto [z, log_slope] = move(x, label, false);
    return {z, log_slope.sum(1)};
  }
  Tensor decode(const Tensor& z, const Tensor& label, const Decoding&, int64_t, int64_t*) override {
    return move(z, label, true).first;
  }

  std::pair<Tensor, Tensor> move(const Tensor& x, const Tensor& label, bool inverse) {
    const Tensor moved = x.slice(1, parity, dims, 2), given = x.slice(1, 1 - parity, dims, 2);
    Tensor h = linear(in, given);
    if (labels.defined()) h = h + label_or_zero(labels, label);
    for (const auto& [first, last] : residual) {
      h = h + linear(last, at::silu(linear(first, at::silu(h))));
    }
    const Tensor shape = linear(out, at::silu(h)).to(x.scalar_type());
    const auto [next, log_slope] =
        rational_quadratic(moved, shape.view({moved.size(0), moved.size(1), -1}), bound, inverse);
    Tensor all = x.clone();
    all.slice(1, parity, dims, 2).copy_(next);
    return {all, log_slope};
  }

  int64_t parity, dims;
  double bound;
  Linear in{nullptr}, out{nullptr};
  Tensor labels;
  std::vector<std::pair<Linear, Linear>> residual;
};

struct Spline : NormalizingFlow {
  Spline(const SplineOptions& options, const Space& space) {
    const auto list = register_module("blocks", std::make_shared<torch::nn::Module>());
    for (int64_t i = 0; i < options.blocks; ++i) {
      chain.push_back(std::make_shared<SplineBlock>(options, space, i % 2));
      list->register_module(std::to_string(i), chain.back());
    }
  }

  Encoded encode(const Tensor& x, const Tensor& label) override {
    Encoded all{x, at::zeros({x.size(0)}, x.options())};
    for (const auto& block : chain) {
      const Encoded next = block->encode(all.z, label);
      all = {next.z, all.logdet + next.logdet};
    }
    return all;
  }

  Tensor decode(const Tensor& z, const Tensor& label, const Decoding& how) override {
    require_option(how.guidance == 0, "guidance has no effect on spline flows");
    const at::NoGradGuard without_grad;
    const Tensor x = at::empty_like(z);
    over_shares(z.size(0), z.device(), [&](int64_t begin, int64_t count) {
      Tensor part = z.narrow(0, begin, count);
      for (auto block = chain.rbegin(); block != chain.rend(); ++block) {
        part = (*block)->decode(part, label.narrow(0, begin, count), how);
      }
      x.narrow(0, begin, count).copy_(part);
    });
    return x;
  }

  std::vector<std::shared_ptr<FlowBlock>> blocks() const override { return chain; }

  std::vector<std::shared_ptr<FlowBlock>> chain;
};

}  // namespace

std::shared_ptr<NormalizingFlow> make_spline(const SplineOptions& o, const Space& space) {
  require_option(space.shape.size() == 1 && space.shape[0] >= 2,
                 "the flow 'spline' is for vectors of two numbers or more, found shape ",
                 at::IntArrayRef(space.shape));
  require_option(
      o.blocks > 1 && o.bins > 1 && o.bins < 500 && o.hidden > 0 && o.depth >= 0 && o.bound > 0,
      "the flow 'spline' needs two 'blocks', 2 to 499 'bins', 'hidden' and ", "'bound' above 0");
  return std::make_shared<Spline>(o, space);
}

}  // namespace couplet
