#include "train/gradients.h"

#include <ATen/ATen.h>

#include "base/random.h"
#include "flow/jvp.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// Weights of a loss in which two get the same gradient tensor and one gets none.
struct Weights {
  std::vector<Tensor> all;
  Weights() {
    for (int i = 0; i < 4; ++i) {
      all.push_back(Random(3).stream(std::to_string(i)).normal(at::arange(5), {3}));
      all.back().requires_grad_();
    }
  }
  Tensor loss(const Tensor& rows) const {
    const Tensor x = Random(4).normal(rows, {5, 3});
    return ((all[0] + all[1]) * x).square().mean() + (all[2].t().matmul(x) - 1).square().mean();
  }
};

}  // namespace

TEST_CASE("Threads share a batch: loss and gradients are those of one", "[train]") {
  const Weights w;
  const auto loss = [&](const Tensor& rows) { return w.loss(rows); };
  for (const int64_t n : {2, 3, 7}) {
    for (const int64_t batch : {64, 65, 97}) {
      INFO(n << " threads, " << batch << " rows");
      const Tensor rows = at::arange(100, 100 + batch);
      const Gradients one = differentiate(loss, rows, w.all, SideBySide(1), false);
      const Gradients many = differentiate(loss, rows, w.all, SideBySide(n), false);
      CHECK(distance(one.loss, many.loss) < 1e-6);
      REQUIRE(many.weights.size() == w.all.size());
      for (size_t i = 0; i < w.all.size(); ++i) {
        CHECK(distance(one.weights[i], many.weights[i]) < 1e-6);
        CHECK(many.weights[i].is_contiguous());
        CHECK(many.weights[i].sizes() == w.all[i].sizes());
      }
      CHECK(at::equal(many.weights[0], many.weights[1]));
      CHECK(many.weights[3].count_nonzero().item<int64_t>() == 0);
      CHECK_FALSE(many.loss.requires_grad());
      const Gradients again = differentiate(loss, rows, w.all, SideBySide(n), false);
      for (size_t i = 0; i < w.all.size(); ++i) CHECK(at::equal(many.weights[i], again.weights[i]));
    }
  }
}

TEST_CASE("A batch taken in parts has the loss and the gradients of the whole", "[train]") {
  const Weights w;
  int64_t longest = 0;
  const auto loss = [&](const Tensor& rows) {
    longest = std::max(longest, rows.numel());
    return w.loss(rows);
  };
  const Tensor rows = at::arange(100, 165);
  const Gradients whole = differentiate(loss, rows, w.all, SideBySide(1), false);
  for (const int64_t parts : {2, 5, 65, 1000}) {
    longest = 0;
    const Gradients found = differentiate(loss, rows, w.all, SideBySide(1), false, parts);
    CHECK(longest == std::max<int64_t>(1, (65 + parts - 1) / parts));
    CHECK(found.loss.item<double>() == Approx(whole.loss.item<double>()).epsilon(1e-6));
    for (size_t i = 0; i < w.all.size(); ++i) {
      CHECK(distance(found.weights[i], whole.weights[i]) < 1e-6);
    }
  }
  const Gradients both = differentiate(loss, rows, w.all, SideBySide(2), false, 3);
  for (size_t i = 0; i < w.all.size(); ++i) {
    CHECK(distance(both.weights[i], whole.weights[i]) < 1e-6);
  }
}

TEST_CASE("Threads take turns in forward-mode differentiation", "[train]") {
  const Tensor w = at::full({3}, 0.7).requires_grad_();
  // x -> w x^3: the tangent along 1 is 3 w x^2, whose mean's gradient is that of 3 x^2.
  const auto loss = [&](const Tensor& rows) {
    const Tensor x = Random(5).normal(rows, {3});
    const auto f = [&](const Tensor& y) { return w * y * y * y; };
    return jvp(f, x, at::ones_like(x)).second.mean();
  };
  const SideBySide threads(2);
  for (int64_t k = 0; k < 50; ++k) {
    const Tensor rows = at::arange(64 * k, 64 * (k + 1));
    const Tensor x = Random(5).normal(rows, {3});
    const Gradients found = differentiate(loss, rows, {w}, threads, false);
    REQUIRE(distance(found.weights[0], x.square().mean(0)) < 1e-5);
  }
}
