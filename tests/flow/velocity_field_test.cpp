#include "base/random.h"
#include "flow/velocity_field.h"

#include "gaussian_flow.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("Guidance is v + w (v - v_null), in one call", "[flow]") {
  int calls = 0;
  const LabelledVelocity v = [&](const Tensor& x, const Tensor& t, const Tensor& label) {
    ++calls;
    return x * expand_to(t + label.to(at::kDouble), x);
  };
  const Tensor x = at::linspace(-1, 2, 24, at::kDouble).view({3, 2, 4});
  const Tensor t = at::tensor({0.0, 0.3, 1.0}, at::kDouble), label = row_range(0, 3);
  const Tensor with = v(x, t, label), without = v(x, t, at::full_like(label, -1));
  for (const double scale : {0.0, 0.7, 2.0, -1.0}) {
    calls = 0;
    const Tensor guided = guide(v, scale)(x, t, label);
    INFO("scale " << scale);
    CHECK(calls == 1);
    CHECK(distance(guided, with + scale * (with - without)) < 1e-14);
    CHECK(distance(bind(guide(v, scale), label)(x, t), guided) == 0);
  }
}

TEST_CASE("Guidance in an interval asks for the null branch there alone", "[flow]") {
  int64_t rows = 0;
  const LabelledVelocity v = [&](const Tensor& x, const Tensor& t, const Tensor& label) {
    rows += x.size(0);
    return x * expand_to(t + label.to(at::kDouble), x);
  };
  const Tensor x = at::linspace(-1, 2, 30, at::kDouble).view({5, 2, 3}), label = row_range(0, 5);
  const Tensor t = at::tensor({0.1, 0.3, 0.5, 0.9, 1.0}, at::kDouble);
  const Tensor plain = v(x, t, label), guided = guide(v, 1.5)(x, t, label);
  const auto check = [&](double from, double to, int64_t inside) {
    rows = 0;
    const Tensor found = guide(v, 1.5, from, to)(x, t, label);
    INFO(from << " to " << to);
    CHECK(rows == 5 + inside);
    const Tensor in = t.ge(from).logical_and(t.le(to)).view({5, 1, 1});
    CHECK(distance(found, at::where(in, guided, plain)) < 1e-14);
  };
  check(0.3, 0.9, 3);
  check(0.95, 1, 1);
  check(0.55, 0.6, 0);
  check(0, 1, 5);
  check(0, 0.99, 4);
}

TEST_CASE("A velocity field gives its network one clock", "[flow]") {
  const VelocityField v{
      std::make_shared<Formula>([](const Tensor& x, const Tensor& times, const Tensor& label) {
        CHECK(times.sizes() == at::IntArrayRef({3, 1}));
        return x + expand_to(times.select(1, 0) + label, x);
      })};
  const Tensor x = at::zeros({3, 1, 2, 2}, at::kDouble), label = row_range(0, 3);
  const Tensor t = at::full({3}, 0.25, at::kDouble);
  CHECK(distance(v(x, t, label).amax({1, 2, 3}), label + 0.25) == 0);
}
