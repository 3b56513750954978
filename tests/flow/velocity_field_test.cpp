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
