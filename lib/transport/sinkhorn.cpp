#include "transport/sinkhorn.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "transport/centred.h"
#include "transport/half_steps.h"
#include "transport/products.h"

namespace couplet {

namespace {

// A number is read out of the tensors so seldom: each reading stalls a GPU.
constexpr int64_t look_every = 10;
// epsilon falls from the mean cost to its target by this factor an iteration.
constexpr double fall = 0.8;
// A column that (almost) no row can see rises by no more than log of this; a few iterations more
// bring it into sight, where the logarithm of an underflowed sum would not.
constexpr double faintest = 1e-25;

/// Nesterov's extrapolation of the iteration g -> T(g), which near its end is a gradient step; it
/// starts anew whenever a step turns back (O'Donoghue and Candes 2015). Tensors of no dimension
/// decide, so that nothing waits.
class Extrapolation {
 public:
  explicit Extrapolation(const Tensor& weight)
      : weight_(weight), age_(at::zeros({}, weight.options())) {}

  /// Where to evaluate T next, having found that it leads from g by step.
  Tensor operator()(const Tensor& g, const Tensor& step) {
    const Tensor landed = g + step, moved = last_.defined() ? landed - last_ : step * 0;
    const Tensor onward = (weight_ * step * moved).sum().ge(0);
    age_ = (age_ + 1) * onward;
    last_ = landed;
    return landed + age_ / (age_ + 3) * moved;
  }

 private:
  Tensor weight_, age_, last_;
};

void check(const Sinkhorn& o) {
  require_option(o.epsilon > 0 && std::isfinite(o.epsilon), "epsilon has to be above 0, found ",
                 o.epsilon);
  require_option(o.tolerance >= 0, "tolerance cannot be below 0, found ", o.tolerance);
  require_option(o.iterations > 0, "iterations have to be at least 1, found ", o.iterations);
}

}  // namespace

EntropicPlan sinkhorn(const Tensor& x, const Tensor& y, const Sinkhorn& options, const Tensor& a,
                      const Tensor& b, const Tensor& warm) {
  check(options);
  const Centred points = centred(x, y);
  EntropicPlan plan{x.detach(), y.detach(), weights_of(a, x, "x"), weights_of(b, y, "y")};
  const double scale = mean_cost(points), target = options.epsilon * scale;
  require(target > 0, "all points of both sets are equal: there is nothing to transport");
  require(!warm.defined() || warm.sizes() == plan.b.sizes(), "a potential to start from has shape ",
          warm.sizes(), ", expected ", plan.b.sizes());

  // alpha and beta belong to a row or a column: potentials carry them, the iteration sees M alone.
  const Products M(points.x, points.y, options.memory);
  const Tensor log_b = plan.b.log();
  Tensor g = (warm.defined() ? warm.to(plan.b.options()) : at::zeros_like(plan.b)) - points.beta;
  Tensor f = at::zeros_like(plan.a), error;
  Extrapolation extrapolate(plan.b);
  double epsilon = warm.defined() ? target : std::max(scale, target);

  for (int64_t k = 1;; ++k, epsilon = std::max(fall * epsilon, target)) {
    // Both half-steps: f from g exactly, and the column sums q that they leave.
    const Tensor v = g / epsilon + log_b, lse = -f / epsilon;
    const Tensor sums = at::zeros({M.shares(), y.size(0)}, plan.b.options());
    M.each([&](int64_t share, int64_t begin, const Tensor& block) {
      const int64_t rows = block.size(0);
      half_steps(block, v, 2 / epsilon, plan.a.narrow(0, begin, rows), lse.narrow(0, begin, rows),
                 sums[share]);
    });
    f = -epsilon * lse;
    const Tensor q = sums.sum(0);

    // Near enough? Of f and g as they are: rows are exact, so columns tell.
    if (k >= options.iterations || (epsilon == target && k % look_every == 0)) {
      plan.error = (q - plan.b).abs().sum().item<double>();
      plan.iterations = k;
      if (k >= options.iterations || plan.error <= options.tolerance) break;
    }

    const Tensor step = -epsilon * (q / plan.b).clamp_min(faintest).log();
    g = options.momentum && epsilon == target ? extrapolate(g, step) : g + step;
  }
  require(std::isfinite(plan.error), "Sinkhorn's iteration left the range of numbers after ",
          plan.iterations, " iterations; use a larger epsilon");

  const Tensor potential = g + points.beta, shift = plan.b.dot(potential);
  plan.f = f + points.alpha + shift, plan.g = potential - shift;
  plan.epsilon = epsilon;
  return plan;
}

}  // namespace couplet
