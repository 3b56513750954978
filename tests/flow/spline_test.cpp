#include "flow/flows/spline.h"

#include <torch/csrc/autograd/autograd.h>

#include "base/error.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("A spline is monotone, inverted exactly, and has the slope it says") {
  at::manual_seed(1);
  const double bound = 3;
  const Tensor shape = 2 * at::randn({40, 3 * 7 - 1}, at::kDouble);
  const Tensor x = at::linspace(-4, 4, 40 * 50, at::kDouble).view({50, 40}).t().requires_grad_();
  const Tensor shapes = shape.unsqueeze(1).expand({40, 50, 20});
  const auto [y, slope] = rational_quadratic(x, shapes, bound, false);
  CHECK(y.diff(1, 1).min().item<double>() > 0);
  const Tensor exact = torch::autograd::grad({y.sum()}, {x})[0];
  CHECK(distance(slope.exp(), exact) < 1e-9);
  const auto [back, inverse_slope] = rational_quadratic(y, shapes, bound, true);
  CHECK(distance(back, x) < 1e-9);
  CHECK(distance(inverse_slope, -slope) < 1e-7);
  const Tensor outside = x.abs() > bound;
  CHECK(at::equal(y.masked_select(outside), x.masked_select(outside)));
  CHECK(slope.masked_select(outside).abs().max().item<double>() == 0);
}

TEST_CASE("A new spline is the identity") {
  const Tensor x = at::linspace(-6, 6, 31, at::kDouble);
  const auto [y, slope] = rational_quadratic(x, at::zeros({31, 23}, at::kDouble), 5, false);
  CHECK(distance(y, x) < 1e-12);
  CHECK(distance(slope, at::zeros_like(x)) < 1e-12);
  const auto flow = make_spline({}, Space{{3}, 2});
  const Tensor points = at::randn({5, 3}), label = at::tensor({0, 1, -1, 0, 1}, at::kLong);
  CHECK(distance(flow->encode(points, label).z, points) < 1e-5);
}

TEST_CASE("A spline flow is for vectors, and has no guidance") {
  CHECK_THROWS_WITH(make_spline({}, Space{{1, 4, 4}, 0}), contains("vectors"));
  CHECK_THROWS_WITH(make_spline({}, Space{{1}, 0}), contains("two numbers"));
  CHECK_THROWS_AS(make_spline({.bins = 1}, Space{{2}, 0}), BadOption);
  const auto flow = make_spline({}, Space{{2}, 0});
  const Tensor z = at::randn({3, 2}), none = at::full({3}, -1, at::kLong);
  CHECK_THROWS_AS(flow->decode(z, none, {.guidance = 1}), BadOption);
}
