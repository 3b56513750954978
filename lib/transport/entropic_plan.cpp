#include "transport/entropic_plan.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "transport/centred.h"
#include "transport/products.h"

namespace couplet {

namespace {

/// One block of a plan: its inner products, and log(P_ij / a_i), rows from begin on.
struct Block {
  int64_t share, begin, rows;
  Tensor M, log_row;
  Tensor of(const Tensor& each_row) const { return each_row.narrow(0, begin, rows); }
};

/// A plan's points about their centre, walked block by block.
struct Walk {
  const EntropicPlan& plan;
  Centred points = centred(plan.x, plan.y);
  Products M{points.x, points.y, /*memory=*/0};

  void operator()(const std::function<void(const Block&)>& f) const {
    const auto type = points.x.scalar_type();
    const Tensor u = ((plan.f - points.alpha) / plan.epsilon).to(type).unsqueeze(1);
    const Tensor v = ((plan.g - points.beta) / plan.epsilon + plan.b.log()).to(type);
    M.each([&](int64_t share, int64_t begin, const Tensor& block) {
      const int64_t rows = block.size(0);
      const Tensor t = at::add(v, block, 2 / plan.epsilon).add_(u.narrow(0, begin, rows));
      f({share, begin, rows, block, t});
    });
  }
  /// A sum for each share, to be added up in order.
  Tensor sums(at::IntArrayRef each) const {
    auto sizes = each.vec();
    sizes.insert(sizes.begin(), M.shares());
    return at::zeros(sizes, plan.b.options());
  }
};

Tensor entropy_of(const Tensor& mass, const Tensor& weight) { return -(mass * weight.log()).sum(); }

}  // namespace

EntropicPlan transposed(const EntropicPlan& plan) {
  const Tensor shift = plan.a.dot(plan.f);
  return {plan.y,         plan.x,       plan.b,     plan.a,         plan.g + shift,
          plan.f - shift, plan.epsilon, plan.error, plan.iterations};
}

PlanFacts facts_of(const EntropicPlan& plan) {
  const Walk walk{plan};
  const int64_t n = plan.x.size(0), m = plan.y.size(0);
  const Tensor r = at::zeros({n}, plan.a.options());
  const Tensor columns = walk.sums({m}), products = walk.sums({});
  walk([&](const Block& block) {
    const Tensor P = block.log_row.exp().mul_(block.of(plan.a).to(block.M.options()).unsqueeze(1));
    block.of(r).copy_(P.sum(at::IntArrayRef{1}, false, at::kDouble));
    columns[block.share].add_(P.sum(at::IntArrayRef{0}, false, at::kDouble));
    products[block.share].add_((P * block.M).sum(at::kDouble));
  });

  // The plan's logarithm is a sum of rows, columns and costs, and so are its entropies.
  const Tensor c = columns.sum(0);
  const Tensor cost = r.dot(walk.points.alpha) + c.dot(walk.points.beta) - 2 * products.sum();
  const Tensor kl = (r.dot(plan.f) + c.dot(plan.g) - cost) / plan.epsilon;
  const Tensor entropy = entropy_of(r, plan.a) + entropy_of(c, plan.b) - kl;
  const Tensor most = at::minimum(entropy_of(plan.a, plan.a), entropy_of(plan.b, plan.b));
  return {r,
          c,
          cost.item<double>(),
          kl.item<double>(),
          entropy.item<double>(),
          most.item<double>() > 0 ? 1 - (kl / most).item<double>() : 1};
}

Tensor row_argmax(const EntropicPlan& plan) {
  const Tensor best = at::empty({plan.x.size(0)}, plan.a.options().dtype(at::kLong));
  Walk{plan}([&](const Block& block) { block.of(best).copy_(block.log_row.argmax(1)); });
  return best;
}

Tensor barycentres(const EntropicPlan& plan) {
  const Walk walk{plan};
  const Tensor y = plan.y.to(walk.points.y.scalar_type());
  const Tensor means = at::empty({plan.x.size(0), y.size(1)}, y.options());
  walk([&](const Block& block) { block.of(means).copy_(at::mm(block.log_row.softmax(1), y)); });
  return means;
}

Tensor draw_columns(const EntropicPlan& plan, const Tensor& uniform) {
  require(uniform.sizes() == plan.a.sizes(), "drawing from ", plan.a.size(0),
          " rows of a plan takes a number for each, found shape ", uniform.sizes());
  const int64_t last = plan.y.size(0) - 1;
  const Tensor drawn = at::empty({plan.x.size(0)}, plan.a.options().dtype(at::kLong));
  Walk{plan}([&](const Block& block) {
    const Tensor sums = block.log_row.softmax(1).cumsum(1);
    const Tensor target =
        block.of(uniform).to(sums.options()).unsqueeze(1) * sums.narrow(1, last, 1);
    block.of(drawn).copy_(at::searchsorted(sums, target).squeeze(1).clamp_max(last));
  });
  return drawn;
}

}  // namespace couplet
