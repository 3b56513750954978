#include "nn/backbone.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "flow/jvp.h"
#include "io/checkpoint.h"
#include "nn/attention.h"
#include "testing.h"

using namespace couplet;

namespace {

const Space kSpace{{2, 8, 8}, 3};

// Every row of the table, small where the defaults are not.
std::vector<json> variants() {
  const json small = {
      {"mlp", {{"hidden", 24}, {"depth", 2}}},
      {"perceptron", {{"hidden", 24}, {"depth", 2}}},
      {"dit", {{"hidden", 24}, {"depth", 2}, {"heads", 2}}},
      {"unet",
       {{"channels", 32},
        {"res_blocks", 1},
        {"channel_mult", {1, 2}},
        {"attention_resolutions", {8}}}},
  };
  std::vector<json> list;
  for (const std::string& name : backbones().names()) {
    list.push_back(small.value(name, json::object()));
    list.back()["type"] = name;
  }
  list.push_back({{"type", "unet"},
                  {"channels", 32},
                  {"res_blocks", 1},
                  {"channel_mult", {1, 1}},
                  {"attention_resolutions", {4}},
                  {"heads", 2},
                  {"heads_upsample", 4},
                  {"scale_shift_norm", true},
                  {"resblock_updown", true},
                  {"new_attention_order", true}});
  return list;
}

struct Inputs {
  Tensor x, times, label;
};

Inputs inputs(int64_t clocks, const Space& space = kSpace, int64_t n = 4) {
  const Tensor label = at::arange(n, at::kLong) % (space.classes + 1) - 1;
  return {at::randn(batch_of(n, space.shape)), at::rand({n, clocks}), label};
}

// A network in which nothing is left at zero.
std::shared_ptr<Backbone> perturbed(const json& options, int64_t clocks) {
  const auto net = backbones().make(options, kSpace, clocks);
  const at::NoGradGuard no_grad;
  for (Tensor& p : net->parameters()) p += 0.1 * at::randn_like(p);
  return net;
}

std::vector<Tensor> gradient(const Tensor& loss, const Backbone& net) {
  return torch::autograd::grad({loss}, net.parameters(), {}, false, false, /*allow_unused=*/true);
}

}  // namespace

TEST_CASE("backbones keep the shape, on every device", "[nn]") {
  at::manual_seed(1);
  for (const json& options : variants()) {
    for (const int64_t clocks : {1, 2, 3}) {
      for (const auto& device : testing::devices()) {
        CAPTURE(options.dump(), clocks);
        const auto net = backbones().make(options, kSpace, clocks);
        net->to(device);
        const auto [x, times, label] = inputs(clocks);
        const Tensor out = net->forward(x.to(device), times.to(device), label.to(device));
        CHECK(out.sizes() == x.sizes());
        CHECK(out.isfinite().all().item<bool>());
      }
    }
  }
}

TEST_CASE("backbones read nothing back from the device", "[nn]") {
  for (const json& options : variants()) {
    for (const int64_t clocks : {1, 2, 3}) {
      CAPTURE(options.dump(), clocks);
      const auto net = backbones().make(options, kSpace, clocks);
      const auto [x, times, label] = inputs(clocks);
      const auto run = [&] { net->forward(x, times, label).sum().backward(); };
      CHECK(testing::host_reads(run).empty());
      const WrittenOut guard;
      CHECK(testing::host_reads(run).empty());
    }
  }
}

TEST_CASE("a map starts as its student", "[nn]") {
  at::manual_seed(2);
  for (const json& options : variants()) {
    CAPTURE(options.dump());
    const auto field = perturbed(options, 1);
    for (const int64_t clocks : {2, 3}) {
      const auto map = backbones().make(options, kSpace, clocks);
      load_tensors(*map, named_tensors(*field), /*partial=*/true);
      const at::NoGradGuard no_grad;
      const auto [x, times, label] = inputs(clocks);
      const Tensor student = field->forward(x, times.slice(1, 0, 1), label);
      CHECK(testing::distance(map->forward(x, times, label), student) == 0);
      Tensor later = times.clone();
      later.slice(1, 1) += 0.3;
      CHECK(testing::distance(map->forward(x, later, label), student) == 0);
    }
  }
}

TEST_CASE("backbones depend on x, each clock and the label", "[nn]") {
  at::manual_seed(3);
  const at::NoGradGuard no_grad;
  for (const json& options : variants()) {
    CAPTURE(options.dump());
    const auto net = perturbed(options, 3);
    const auto [x, times, label] = inputs(3);
    const Tensor out = net->forward(x, times, label);
    const auto moved = [&](const Tensor& x, const Tensor& times, const Tensor& label) {
      return (net->forward(x, times, label) - out).abs().flatten(1).amax(1).min().item<double>();
    };
    CHECK(moved(x + 0.1, times, label) > 1e-4);
    for (int64_t k = 0; k < 3; ++k) {
      Tensor later = times.clone();
      later.select(1, k) += 0.2;
      CHECK(moved(x, later, label) > 1e-4);
    }
    CHECK(moved(x, times, (label + 2) % 4 - 1) > 1e-4);  // the next one of -1 .. 2
  }
}

TEST_CASE("backbones take no labels, and spaces without classes", "[nn]") {
  at::manual_seed(4);
  for (const json& options : variants()) {
    CAPTURE(options.dump());
    const Space space{kSpace.shape, 0};
    const auto net = backbones().make(options, space, 1);
    const auto [x, times, label] = inputs(1, space);
    REQUIRE((label == -1).all().item<bool>());
    CHECK(net->forward(x, times, label).isfinite().all().item<bool>());
  }
}

TEST_CASE("gradients of backbones are finite and reach every parameter", "[nn]") {
  at::manual_seed(5);
  for (const json& options : variants()) {
    const auto net = perturbed(options, 2);
    const auto [x, times, label] = inputs(2);
    const auto gradients = gradient(net->forward(x, times, label).square().mean(), *net);
    for (size_t i = 0; i < gradients.size(); ++i) {
      CAPTURE(options.dump(), net->named_parameters()[i].key());
      REQUIRE(gradients[i].defined());
      CHECK(gradients[i].isfinite().all().item<bool>());
      CHECK(gradients[i].abs().max().item<double>() > 0);
    }
  }
}

TEST_CASE("derivatives of backbones in their clocks, and gradients through them", "[nn]") {
  at::manual_seed(6);
  const double h = 1e-5;
  for (const json& options : variants()) {
    CAPTURE(options.dump());
    const auto net = perturbed(options, 2);
    net->to(at::kDouble);
    const auto [x, times, label] = inputs(2);
    const Inputs in{x.to(at::kDouble), times.to(at::kDouble), label};
    const Tensor direction = at::tensor({1., -1.}, at::kDouble).expand_as(in.times).contiguous();

    const auto f = [&](const Tensor& times) { return net->forward(in.x, times, in.label); };

    // The tangent against central differences, of which there are two clocks at once.
    const auto [value, tangent] = jvp(f, in.times, direction);
    const Tensor expected = (f(in.times + h * direction) - f(in.times - h * direction)) / (2 * h);
    CHECK(testing::distance(value, f(in.times)) < 1e-10);
    CHECK(testing::distance(tangent, expected) < 1e-6 * expected.abs().max().item<double>());

    // The gradient of a loss of the tangent against its change along one direction of each weight.
    const auto gradients = gradient(tangent.square().mean(), *net);
    const auto named = net->named_parameters();
    for (size_t i = 0; i < gradients.size(); ++i) {
      CAPTURE(named[i].key());
      Tensor weight = named[i].value();
      const Tensor way = at::randn_like(weight) / std::sqrt(static_cast<double>(weight.numel()));
      const auto loss = [&](double step) {
        const at::NoGradGuard no_grad;
        weight.add_(way, step);
        const double result = jvp(f, in.times, direction).second.square().mean().item<double>();
        weight.sub_(way, step);
        return result;
      };
      const double slope = gradients[i].defined() ? (gradients[i] * way).sum().item<double>() : 0;
      CHECK((loss(h) - loss(-h)) / (2 * h) == Approx(slope).epsilon(1e-4).margin(1e-8));
    }
  }
}

TEST_CASE("derivatives of backbones forward and twice backward are one", "[nn]") {
  at::manual_seed(9);
  for (const json& options : variants()) {
    CAPTURE(options.dump());
    const auto net = perturbed(options, 2);
    const Inputs in = inputs(2);
    const Tensor dx = at::randn_like(in.x);
    const Tensor dt = at::tensor({1.f, -1.f}).expand_as(in.times).contiguous();
    const ManyToOne f = [&](const std::vector<Tensor>& given) {
      return net->forward(given[0], given[1], in.label);
    };
    const auto derive = [&](Derivative how) { return jvp(f, {in.x, in.times}, {dx, dt}, how); };
    const auto near = [](const Tensor& a, const Tensor& b) {
      return testing::distance(a, b) < 1e-5 * (1 + b.abs().max().item<double>());
    };
    const auto [value, slope] = derive(Derivative::forward);
    const auto [value2, slope2] = derive(Derivative::backward);
    CHECK(near(value, value2));
    CHECK(near(slope, slope2));
    const auto weights = gradient(slope.square().mean(), *net);
    const auto weights2 = gradient(slope2.square().mean(), *net);
    for (size_t i = 0; i < weights.size(); ++i) {
      CAPTURE(net->named_parameters()[i].key());
      REQUIRE(weights[i].defined() == weights2[i].defined());
      if (weights[i].defined()) CHECK(near(weights[i], weights2[i]));
    }
    const at::NoGradGuard no_grad;  // as targets
    for (const Derivative how : {Derivative::forward, Derivative::backward}) {
      const auto target = derive(how);
      CHECK(near(target.second, slope));
      CHECK_FALSE(target.second.requires_grad());
    }
  }
}

TEST_CASE("backbones under bfloat16 autocast stay near float32", "[nn]") {
  at::manual_seed(7);
  const at::NoGradGuard no_grad;
  for (const json& options : variants()) {
    CAPTURE(options.dump());
    const auto net = perturbed(options, 1);
    const auto [x, times, label] = inputs(1);
    const Tensor exact = net->forward(x, times, label);
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    const Tensor fast = net->forward(x, times, label);
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
    CHECK(testing::distance(fast, exact) < 0.05 * exact.abs().max().item<double>());
  }
}

TEST_CASE("options of backbones survive the round trip", "[nn]") {
  for (const json& options : variants()) {
    const json effective = backbones().effective(options, "net");
    CHECK(backbones().effective(effective, "net") == effective);
    CHECK(backbones().make(effective, kSpace, 1)->parameters().size() ==
          backbones().make(options, kSpace, 1)->parameters().size());
    for (const auto& info : backbones().options(options["type"], "net")) CHECK(!info.help.empty());
  }
}

TEST_CASE("the perceptron is that of local flow matching", "[nn]") {
  at::manual_seed(8);
  const Space plane{{2}, 0};
  const std::map<std::string, std::function<Tensor(const Tensor&)>> activations = {
      {"softplus", [](const Tensor& h) { return (20 * h).exp().log1p() / 20; }},
      {"relu", [](const Tensor& h) { return h.clamp_min(0); }},
      {"elu", [](const Tensor& h) { return at::where(h > 0, h, h.exp() - 1); }},
      {"silu", [](const Tensor& h) { return h * h.sigmoid(); }}};
  for (const auto& [name, activation] : activations) {
    CAPTURE(name);
    const auto net = backbones().make({{"type", "perceptron"}, {"activation", name}}, plane, 1);
    net->to(at::kDouble);
    int64_t count = 0;
    for (const Tensor& p : net->parameters()) count += p.numel();
    CHECK(count == 133122);  // lfm.md 1.3: 256 x 3 on the plane

    // PyTorch's usual range, and most of it is used.
    const Tensors w = named_tensors(*net);
    for (const std::string at : {"layers.1.weight", "layers.1.bias"}) {
      CHECK(w.at(at).abs().max().item<double>() <= 1. / 16);
      CHECK(w.at(at).abs().max().item<double>() > 0.9 / 16);
    }

    const auto [x, times, label] = inputs(1, plane);
    Tensor h = at::cat({times, x}, 1).to(at::kDouble);
    for (int i = 0; i < 4; ++i) {
      if (i > 0) h = activation(h);
      const std::string layer = text("layers.", i);
      h = at::addmm(w.at(layer + ".bias"), h, w.at(layer + ".weight").t());
    }
    const Tensor out = net->forward(x.to(at::kDouble), times.to(at::kDouble), label);
    CHECK(testing::distance(out, h) < 1e-10);
  }
  CHECK_THROWS_WITH(backbones().make({{"type", "perceptron"}, {"activation", "relo"}}, plane, 1),
                    contains("did you mean 'relu'"));
}

TEST_CASE("U-Net fits images of many sides", "[nn]") {
  for (const int64_t side : {8, 16, 28, 32}) {
    const Space space{{1, side, side}, 0};
    const auto net =
        backbones().make({{"type", "unet"}, {"channels", 32}, {"res_blocks", 1}}, space, 1);
    const auto [x, times, label] = inputs(1, space, 1);
    CHECK(net->forward(x, times, label).sizes() == x.sizes());
  }
}

TEST_CASE("a DiT takes what is not given from its size", "[nn]") {
  const auto weights = [](const json& given) {
    json options = {{"type", "dit"}, {"patch", 4}};
    options.update(given);
    return named_tensors(*backbones().make(options, {{1, 8, 8}, 0}, 1));
  };
  const Tensors small = weights(json::object());
  CHECK(small.at("final_layer.linear.weight").size(1) == 384);
  CHECK((small.contains("blocks.11.attn.qkv.weight") &&
         !small.contains("blocks.12.attn.qkv.weight")));
  const Tensors wide = weights({{"size", "XL"}, {"depth", 1}});
  CHECK(wide.at("final_layer.linear.weight").size(1) == 1152);
  CHECK((wide.contains("blocks.0.attn.qkv.weight") && !wide.contains("blocks.1.attn.qkv.weight")));
  CHECK_THROWS_WITH(weights({{"size", "M"}}), contains("no size 'M'"));
}

TEST_CASE("options that do not fit are refused", "[nn]") {
  const auto make = [](const json& options, const Space& space) {
    return backbones().make(options, space, 1);
  };
  const Space vectors{{2}, 0}, mnist{{1, 28, 28}, 10};
  CHECK_THROWS_AS(make({{"type", "dit"}}, vectors), BadOption);
  CHECK_THROWS_AS(make({{"type", "unet"}}, vectors), BadOption);
  CHECK_NOTHROW(make({{"type", "mlp"}}, vectors));
  CHECK_THROWS_AS(make({{"type", "dit"}, {"patch", 3}}, mnist), BadOption);
  CHECK_THROWS_AS(make({{"type", "dit"}, {"heads", 7}}, mnist), BadOption);
  CHECK_THROWS_AS(make({{"type", "unet"}, {"channels", 40}}, mnist), BadOption);
  CHECK_THROWS_AS(make({{"type", "unet"}, {"heads", 5}}, mnist), BadOption);
  CHECK_THROWS_AS(make({{"type", "unet"}, {"channel_mult", {1, 2, 2, 2}}}, mnist), BadOption);
  const auto unet = [&](const json& given) {
    json options = {{"type", "unet"}};
    options.update(given);
    return make(options, mnist);
  };
  CHECK_THROWS_AS(unet({{"heads_upsample", 5}}), BadOption);
  CHECK_THROWS_AS(unet({{"heads_upsample", 2}, {"head_channels", 32}}), BadOption);
  CHECK_THROWS_AS(unet({{"heads", 2}, {"head_channels", 32}}), BadOption);
  CHECK_THROWS_AS(unet({{"resblock_updown", true}, {"conv_resample", false}}), BadOption);
  CHECK_THROWS_AS(unet({{"dropout", 1}}), BadOption);
  CHECK_THROWS_AS(backbones().make({{"type", "mlp"}}, vectors, 4), BadOption);
}
