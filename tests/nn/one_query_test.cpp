#include "nn/one_query.h"

#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("One query's attention is softmax(q k^T) v, of any head and type", "[nn]") {
  const int64_t head = GENERATE(8, 16, 48, 64, 80, 128), tokens = GENERATE(1, 2, 7, 33);
  const auto type = GENERATE(at::kFloat, at::kDouble);
  at::manual_seed(head + tokens);
  // As decoding holds them: queries beside keys and values, caches longer than what is in them.
  const Tensor qkv = at::randn({3, 2, 3 * head}, type),
               cache = at::randn({2, 3, 2, 40, head}, type);
  const Tensor q = qkv.narrow(2, 0, head), k = cache[0].narrow(2, 0, tokens),
               v = cache[1].narrow(2, 0, tokens);
  const Tensor logits = at::einsum("rhc,rhtc->rht", {q.to(at::kDouble), k.to(at::kDouble)});
  const Tensor expected = at::einsum("rht,rhtc->rhc", {logits.softmax(2), v.to(at::kDouble)});
  const Tensor found = attention_of_one(q, k, v);
  CHECK(found.sizes() == q.sizes());
  CHECK(distance(found, expected) < (type == at::kFloat ? 1e-5 : 1e-12));
}

TEST_CASE("One query's attention reads numbers wherever they lie", "[nn]") {
  const Tensor numbers = at::randn({1 + 64 + 2 * 5 * 64});
  const auto view = [&](int64_t begin, at::IntArrayRef sizes) {
    return numbers.narrow(0, 1 + begin, c10::multiply_integers(sizes)).view(sizes);
  };
  const Tensor q = view(0, {1, 1, 64}), k = view(64, {1, 1, 5, 64}), v = view(384, {1, 1, 5, 64});
  CHECK(distance(attention_of_one(q, k, v), attention_of_one(q.clone(), k.clone(), v.clone())) ==
        0);
}

TEST_CASE("Large logits overflow nothing", "[nn]") {
  const Tensor q = at::full({1, 1, 64}, 100.0f), k = at::ones({1, 1, 3, 64}), v = at::ones_like(k);
  CHECK(distance(attention_of_one(q, k, v), at::ones({1, 1, 64})) < 1e-6);
}
