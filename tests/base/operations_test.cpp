#include "base/operations.h"

#include <ATen/ATen.h>
#include <torch/autograd.h>

#include <functional>
#include <thread>

#include "testing.h"

using namespace couplet;

namespace {

int64_t counted(const std::function<void()>& work) {
  const int64_t before = operations();
  work();
  return operations() - before;
}

}  // namespace

TEST_CASE("operations of products, convolutions and attention are counted by their shapes",
          "[base]") {
  const Tensor a = at::ones({3, 4}), b = at::ones({4, 5}), stack = at::ones({7, 3, 4});
  CHECK(counted([&] { at::mm(a, b); }) == 2 * 3 * 4 * 5);
  CHECK(counted([&] { at::addmm(at::ones({5}), a, b); }) == 2 * 3 * 4 * 5);
  CHECK(counted([&] { at::linear(stack, at::ones({5, 4})); }) == 2 * 7 * 3 * 4 * 5);
  CHECK(counted([&] { at::bmm(stack, at::ones({7, 4, 5})); }) == 2 * 7 * 3 * 4 * 5);
  CHECK(counted([&] { a.clone().addmm_(at::ones({3, 2}), at::ones({2, 4})); }) == 2 * 3 * 2 * 4);
  CHECK(counted([&] { a + 1, at::gelu(a); }) == 0);

  const Tensor image = at::ones({2, 6, 9, 8}), filters = at::ones({4, 6, 3, 3});
  CHECK(counted([&] { at::conv2d(image, filters, {}, 1, 1); }) == 2 * 2 * 4 * 9 * 8 * 6 * 9);
  CHECK(counted([&] { at::conv2d(image, filters, {}, 2, 1); }) == 2 * 2 * 4 * 5 * 4 * 6 * 9);
  const Tensor each = at::ones({6, 1, 3, 3});
  CHECK(counted([&] { at::conv2d(image, each, {}, 1, 1, 1, 6); }) == 2 * 2 * 6 * 9 * 8 * 9);

  const Tensor q = at::ones({2, 3, 5, 8}), k = at::ones({2, 3, 7, 8});
  CHECK(counted([&] { at::scaled_dot_product_attention(q, k, k); }) == 4 * 2 * 3 * 5 * 7 * 8);
}

TEST_CASE("a backward pass takes twice the operations, in whatever thread", "[base]") {
  const Tensor w = at::ones({4, 5}).requires_grad_(), x = at::ones({3, 4}).requires_grad_();
  const int64_t forward = 2 * 3 * 4 * 5;
  CHECK(counted([&] { torch::autograd::grad({at::mm(x, w).sum()}, {x, w}); }) == 3 * forward);
  CHECK(counted([&] { std::thread([&] { at::mm(x, w); }).join(); }) == forward);

  const Tensor f = at::ones({4, 6, 3, 3}).requires_grad_();
  const Tensor image = at::ones({2, 6, 9, 8}).requires_grad_();
  const int64_t once = 2 * 2 * 4 * 9 * 8 * 6 * 9;
  CHECK(counted([&] { torch::autograd::grad({at::conv2d(image, f, {}, 1, 1).sum()}, {f}); }) ==
        2 * once);
  const auto both = [&] {
    torch::autograd::grad({at::conv2d(image, f, {}, 1, 1).sum()}, {f, image});
  };
  CHECK(counted(both) == 3 * once);
}
