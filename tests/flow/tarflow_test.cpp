// What TarFlow promises beyond the laws of every flow.
#include "flow/flows/tarflow.h"

#include <ATen/autocast_mode.h>

#include "base/error.h"
#include "flow/flows/tarflow_block.h"
#include "flow/parallel_decoding.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const TarFlowOptions small{.patch = 2, .channels = 16, .blocks = 3, .layers = 2, .head = 8};
const Space image{{2, 4, 6}, 4};  // not square: six tokens of eight numbers

std::shared_ptr<NormalizingFlow> moved(TarFlowOptions options, const Space& space,
                                       double by = 0.1) {
  at::manual_seed(1);
  const auto flow = make_tarflow(options, space);
  const at::NoGradGuard without_grad;
  for (Tensor& weight : flow->parameters()) weight.add_(at::randn_like(weight), by);
  flow->to(at::kDouble);
  return flow;
}

Tensor noise(const Space& space, int64_t n = 5) {
  at::manual_seed(2);
  return at::randn(batch_of(n, space.shape), at::kDouble);
}

Tensor label(int64_t n, int64_t value) { return at::full({n}, value, at::kLong); }

}  // namespace

TEST_CASE("a new TarFlow is the identity") {
  const auto flow = make_tarflow(small, image);
  const Tensor x = noise(image).to(at::kFloat);
  const auto [z, logdet] = flow->encode(x, label(5, 1));
  CHECK(distance(z, x) == 0);
  CHECK(distance(logdet, at::zeros({5})) == 0);
  CHECK(distance(flow->decode(x, label(5, 1)), x) == 0);
}

TEST_CASE("TarFlow decodes what it encoded: images, vectors, shift only") {
  for (const bool nvp : {true, false}) {
    for (const Space& space : {image, Space{{6}, 0}, Space{{2}, 3}}) {
      TarFlowOptions options = small;
      options.nvp = nvp;
      options.patch = space.shape.size() == 3 ? 2 : 1;
      const auto flow = moved(options, space);
      const Tensor x = noise(space), y = label(5, space.classes - 1);
      const auto [z, logdet] = flow->encode(x, y);
      CHECK(distance(z, x) > 1e-3);
      CHECK(distance(flow->decode(z, y), x) < 1e-10);
      CHECK((logdet.abs().max().item<double>() > 0) == nvp);
    }
  }
}

TEST_CASE("TarFlow reads label -1 as the mean of its classes, to and fro") {
  const auto flow = moved(small, image);
  const Tensor x = noise(image), none = label(5, -1);
  const Tensor z = flow->encode(x, none).z, back = flow->decode(x, none);
  for (int64_t y : {0, 3}) {
    CHECK(distance(flow->encode(x, label(5, y)).z, z) > 1e-3);
    CHECK(distance(flow->decode(x, label(5, y)), back) > 1e-3);
  }
  const at::NoGradGuard without_grad;
  for (auto& [name, weight] : flow->named_parameters().pairs()) {
    if (name.ends_with("class_embed")) weight.copy_(weight.mean(0, true).expand_as(weight));
  }
  CHECK(distance(flow->encode(x, label(5, 2)).z, z) < 1e-12);
  CHECK(distance(flow->decode(x, label(5, 2)), back) < 1e-12);
}

TEST_CASE("a TarFlow block leaves its first token alone and looks only back") {
  moved(small, image);
  for (const bool backwards : {false, true}) {
    TarFlowBlock block(small, 6, 8, 0, backwards);
    const at::NoGradGuard without_grad;
    for (Tensor& weight : block.parameters()) weight.add_(at::randn_like(weight), 0.1);
    const Tensor x = at::randn({1, 6, 8}), y = label(1, -1);
    const Tensor z = block.encode(x, y).z;
    const int64_t first = backwards ? 5 : 0, last = 5 - first;
    CHECK(distance(z.select(1, first), x.select(1, first)) == 0);
    CHECK(distance(z.select(1, last), x.select(1, last)) > 1e-3);

    Tensor other = x.clone();
    other.select(1, 3).add_(1);
    const Tensor changed = (block.encode(other, y).z - z).abs().amax({0, 2});
    for (int64_t i = 0; i < 6; ++i) {
      const bool reached = backwards ? i <= 3 : i >= 3;
      CHECK((changed[i].item<float>() > 0) == reached);
    }
  }
}

TEST_CASE(
    "TarFlow's guidance: off at 0, nothing without a difference, else not the plain samples") {
  const auto flow = moved(small, image);
  const Tensor z = noise(image), y = label(5, 1);
  const Tensor plain = flow->decode(z, y);
  const auto differs = [&](const Decoding& how) {
    return distance(flow->decode(z, y, how), plain);
  };
  CHECK(differs({.guidance = 0, .temperature = 2}) == 0);
  CHECK(distance(flow->decode(z, label(5, -1), {.guidance = 2}), flow->decode(z, label(5, -1))) <
        1e-9);
  for (const char* what : {"a", "b", "ab"}) CHECK(differs({.guidance = 1, .what = what}) > 1e-3);
  CHECK_THROWS_AS(flow->decode(z, y, {.guidance = 1, .what = "c"}), BadOption);
}

TEST_CASE("TarFlow's decoding knows each example alone") {
  const auto flow = moved(small, image);
  const Tensor z = noise(image), y = at::tensor({0, -1, 2, 3, 1}, at::kLong);
  const Decoding how{.guidance = 1.5, .temperature = 1.3};
  const Tensor all = flow->decode(z, y, how);
  for (int64_t i = 0; i < 5; ++i) {
    const Tensor alone = flow->decode(z.narrow(0, i, 1), y.narrow(0, i, 1), how);
    CHECK(distance(alone, all.narrow(0, i, 1)) < 1e-10);
  }
}

TEST_CASE("TarFlow keeps its scale in fp32 under bf16 autocast, and leaves its input alone") {
  const auto flow = moved(small, image);
  flow->to(at::kFloat);
  const Tensor x = noise(image).to(at::kFloat), before = x.clone();
  const Tensor z = flow->encode(x, label(5, 0)).z;
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const auto [coarse, logdet] = flow->encode(x, label(5, 0));
  const Tensor back = flow->decode(z, label(5, 0));
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  CHECK(coarse.scalar_type() == at::kFloat);
  CHECK(logdet.scalar_type() == at::kFloat);
  CHECK(distance(coarse, z) < 0.5);
  CHECK(distance(back, x) < 1e-3);
  CHECK(distance(x, before) == 0);
}

TEST_CASE("TarFlow says what does not fit") {
  CHECK_THROWS_AS(make_tarflow({.patch = 4}, image), BadOption);
  CHECK_THROWS_AS(make_tarflow({.patch = 4}, Space{{1, 4, 4}, 0}), BadOption);
  CHECK_THROWS_AS(make_tarflow({.channels = 96}, image), BadOption);
  CHECK_THROWS_AS(make_tarflow({}, Space{{4, 4}, 0}), Error);
  CHECK_THROWS_AS(make_tarflow(small, image)->encode(at::zeros({5, 2, 4, 4}), label(5, 0)), Error);
}

TEST_CASE("TarFlow decodes windows of tokens by sweeps as it does one after the other") {
  const Space space{{2, 8, 6}, 4};  // twelve tokens
  for (const bool nvp : {true, false}) {
    TarFlowOptions options = small;
    options.nvp = nvp;
    const auto flow = moved(options, space);
    const Tensor z = noise(space), y = at::tensor({0, -1, 2, 3, 1}, at::kLong);
    for (const double w : {0., 1.5}) {
      Decoding how{.guidance = w, .temperature = w == 0 ? 1 : 1.3};
      const Tensor exact = flow->decode(z, y, how);
      for (const int64_t window : {1, 2, 5, 11, 50}) {
        INFO("window " << window << ", guidance " << w);
        how.windows = {window, 1, window};
        how.tolerance = 0;  // as many sweeps as there are tokens: exact
        CHECK(distance(flow->decode(z, y, how), exact) < 1e-9);
        how.tolerance = 1e-3;
        CHECK(distance(flow->decode(z, y, how), exact) < 1e-2);
      }
      // One sweep over all is not the solution, and a tolerance saves sweeps.
      how.windows = {11, 11, 11}, how.tolerance = 1e9;
      CHECK(distance(flow->decode(z, y, how), exact) > 1e-3);
      const auto sweeps = [&](double tolerance) {
        int64_t count = 0;
        how.tolerance = tolerance;
        flow->blocks()[2]->decode(flow->arranged(z), y, how, 11, &count);
        return count;
      };
      CHECK(sweeps(1e9) == 1);
      CHECK(sweeps(0) == 11);
      CHECK(sweeps(1e-2) <= sweeps(1e-6));
    }
  }
}

TEST_CASE("A plan for parallel decoding keeps its tolerance") {
  const Space space{{1, 8, 8}, 3};
  const auto flow = moved(small, space, 0.03);
  const Tensor z = noise(space, 12), y = label(12, 1);
  const Tensor exact = flow->decode(z, y);
  const DecodingPlan plan = plan_decoding(*flow, z, y, {}, 1e-4, /*always=*/true);
  for (const int64_t window : plan.how.windows) CHECK(window > 1);
  CHECK(plan.report.at("error").get<double>() <= 0.5e-4);
  CHECK(distance(flow->decode(z, y, plan.how), exact) <= 1e-4);
  CHECK(plan.report.at("sweeps").size() == 3);
  CHECK(plan_decoding(*flow, z, y, {}, 1e-4, false).how.windows.size() == 3);
  const auto spline = normalizing_flows().make({{"type", "spline"}}, Space{{4}, 0});
  CHECK_THROWS_AS(plan_decoding(*spline, at::randn({2, 4}), label(2, -1), {}, 1e-4, true),
                  BadOption);

  // Where no number of sweeps keeps it, decoding stays token by token.
  const DecodingPlan none = plan_decoding(*flow, z / 0, y, {}, 1e-4, true);
  CHECK(none.how.windows == std::vector<int64_t>(3, 1));
}

TEST_CASE("A volume preserving TarFlow learns its prior, which counts in evaluation mode") {
  TarFlowOptions options = small;
  options.nvp = false;
  const auto flow = moved(options, image);
  CHECK(flow->learns_prior());
  CHECK_FALSE(moved(small, image)->learns_prior());
  const Tensor x = 3 * noise(image, 500), y = label(500, 1);
  const Tensor plain = flow->encode(x, y).z;
  for (int i = 0; i < 3; ++i) flow->update_prior(plain, 1.0 / (i + 1));
  CHECK(distance(flow->encode(x, y).z, plain) == 0);

  flow->eval();
  const auto [z, logdet] = flow->encode(x, y);
  CHECK(distance(z.square().mean(0), at::ones(image.shape, at::kDouble)) < 0.01);
  CHECK(distance(flow->decode(z, y), x) < 1e-9);
  const double spread = (plain / z).abs().log().flatten(1).sum(1)[0].item<double>();
  CHECK(logdet[0].item<double>() == Approx(-spread));
}
