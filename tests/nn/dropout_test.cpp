#include "nn/dropout.h"

#include "io/checkpoint.h"
#include "nn/backbone.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("Dropout is decided by seed, layer and row, and rests outside training", "[nn]") {
  const Random random(5);
  const Tensor rows = row_range(100, 164), h = at::ones({64, 3, 40});
  CHECK(at::equal(dropout_by_row(h, 0.25, "a"), h));
  Tensor whole;
  {
    const DropoutRows guard(random, rows);
    whole = dropout_by_row(h, 0.25, "a");
    CHECK(at::equal(dropout_by_row(h, 0, "a"), h));
    CHECK(at::equal(dropout_by_row(h, 0.25, "a"), whole));
    CHECK_FALSE(at::equal(dropout_by_row(h, 0.25, "b"), whole));
    CHECK(at::equal(dropout_by_row(at::cat({h, h, h}), 0.25, "a"), at::cat({whole, whole, whole})));
    {
      const DropoutRows inner(random, rows.slice(0, 0, 10));
      CHECK(at::equal(dropout_by_row(h.slice(0, 0, 10), 0.25, "a"), whole.slice(0, 0, 10)));
    }
    CHECK(at::equal(dropout_by_row(h, 0.25, "a"), whole));
  }
  CHECK(at::equal(dropout_by_row(h, 0.25, "a"), h));

  // What stays is scaled, so that the mean does: within four standard errors of 7680 numbers.
  CHECK(((whole == 0) | ((whole - 4. / 3).abs() < 1e-6)).all().item<bool>());
  CHECK(whole.mean().item<double>() == Approx(1).margin(4 * std::sqrt(1. / 3 / 7680)));
}

TEST_CASE("The U-Net drops while it is trained, and not when it is evaluated", "[nn]") {
  at::manual_seed(1);
  const Space space{{1, 8, 8}, 0};
  const json options = {{"type", "unet"}, {"channels", 32}, {"res_blocks", 1}, {"dropout", 0.3}};
  const auto net = backbones().make(options, space, 1);
  const at::NoGradGuard no_grad;
  for (Tensor& p : net->parameters()) p += 0.1 * at::randn_like(p);
  const Tensor x = at::randn({6, 1, 8, 8}), t = at::rand({6, 1}), label = at::full({6}, -1L);
  const auto out = [&](int64_t begin, int64_t end) {
    const auto part = [&](const Tensor& all) { return all.slice(0, begin, end); };
    return net->forward(part(x), part(t), part(label));
  };
  const Tensor plain = out(0, 6);
  {
    const DropoutRows guard(Random(3), row_range(0, 6));
    const Tensor dropped = out(0, 6);
    CHECK(distance(dropped, plain) > 1e-2);
    const DropoutRows last(Random(3), row_range(4, 6));
    CHECK(distance(out(4, 6), dropped.slice(0, 4, 6)) < 1e-4);
    net->eval();
    CHECK(distance(out(0, 6), plain) < 1e-4);
  }
}
