#include "nn/attention.h"

#include "testing.h"

using namespace couplet;

TEST_CASE("written-out attention equals the fused one", "[nn]") {
  at::manual_seed(1);
  for (const auto& device : testing::devices()) {
    const auto draw = [&] { return at::randn({2, 3, 7, 8}).to(device); };
    const Tensor q = draw(), k = draw(), v = draw();
    for (const std::optional<double> scale :
         {std::optional<double>(), std::optional<double>(0.7)}) {
      const Tensor fused = attention(q, k, v, scale);
      const WrittenOut guard;
      CHECK(testing::distance(attention(q, k, v, scale), fused) < 2e-6);
    }
  }
}

TEST_CASE("large logits do not overflow written-out attention", "[nn]") {
  const WrittenOut guard;
  const Tensor q = at::full({1, 1, 4, 8}, 1e3);
  CHECK(attention(q, q, at::ones_like(q)).isfinite().all().item<bool>());
}

TEST_CASE("the guard holds for its own life", "[nn]") {
  const Tensor q = at::randn({1, 1, 3, 4}).requires_grad_();
  const auto kernel = [&] { return std::string(attention(q, q, q).grad_fn()->name()); };
  const std::string before = kernel();
  {
    const WrittenOut outer;
    { const WrittenOut inner; }
    CHECK(kernel() != before);
  }
  CHECK(kernel() == before);
}
