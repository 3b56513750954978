#include "flow/generator.h"

#include <ATen/Parallel.h>

#include "base/error.h"
#include "data/noising.h"
#include "flow/flow_map.h"
#include "flow/loading.h"
#include "flow/pairing.h"
#include "flow/solver.h"
#include "folder.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const Space space{{4}, 3};
const json mlp = {{"type", "mlp"}, {"hidden", 16}, {"depth", 1}};
const json tarflow = {{"type", "tarflow"}, {"patch", 2},  {"channels", 16},
                      {"blocks", 2},       {"layers", 1}, {"head", 16}};

/// Random weights, so that no part of the network is idle, and an average that differs.
Block block_of(torch::nn::Module& net, const json& options) {
  Block block{options, {}, {}};
  for (const auto& [name, tensor] : named_tensors(net)) {
    const Random random = Random(1).stream(name);
    const Tensor noise = random.normal(row_range(0, 1), tensor.sizes())[0];
    const bool weight = tensor.requires_grad();  // a buffer has its own numbers
    block.weights[name] = weight ? 0.1 * noise : tensor;
    block.average[name] = weight ? 0.05 * noise : tensor;
  }
  return block;
}

Checkpoint checkpoint(const std::string& kind) {
  Checkpoint model{.kind = kind, .space = space};
  model.facts = {{"eta", 0.3}};
  if (kind == "normalizing-flow") {
    model.blocks = {block_of(*normalizing_flows().make(tarflow, space), tarflow)};
  } else {
    model.blocks = {block_of(*backbones().make(mlp, space, kind == "flow-map" ? 2 : 1), mlp)};
  }
  return model;
}

Tensor noise() { return Random(2).normal(row_range(0, 6), space.shape); }
Tensor labels() { return row_range(0, 6).remainder(4) - 1; }

Tensor with_threads(int threads, const std::function<Tensor()>& make) {
  const int before = at::get_num_threads();
  at::set_num_threads(threads);
  const Tensor made = make();
  at::set_num_threads(before);
  return made;
}

SamplingOptions with(const std::function<void(SamplingOptions&)>& change) {
  SamplingOptions options;
  change(options);
  return options;
}

}  // namespace

TEST_CASE("Samples do not depend on how many threads share their rows", "[flow]") {
  const Tensor row = row_range(0, 70), x0 = Random(2).normal(row, space.shape);
  const Tensor label = row.remainder(4) - 1;
  const auto how = with([](auto& o) { o.flow.denoise = true; });
  const std::string kind = GENERATE("normalizing-flow", "velocity-field", "flow-map");
  const std::string solver =
      kind != "velocity-field" ? std::string() : GENERATE("", "dopri5", "euler-maruyama");
  auto options = kind == "normalizing-flow" ? how : SamplingOptions{};
  options.path.solver = solver;
  const Generator generator = make_generator(checkpoint(kind), options, c10::kCPU);
  const auto made = [&] { return generator.generate(x0, label, row); };
  CHECK(distance(with_threads(1, made), with_threads(3, made)) < 1e-5);
}

TEST_CASE("A path begins at the noise, ends at the sample and passes its steps' points", "[flow]") {
  const Tensor row = row_range(0, 70), x0 = Random(2).normal(row, space.shape);
  const Tensor label = row.remainder(4) - 1;
  const std::string kind = GENERATE("velocity-field", "flow-map");
  const size_t blocks = GENERATE(1, 3);
  Checkpoint model = checkpoint(kind);
  model.blocks.resize(blocks, model.blocks[0]);
  const std::string solver = kind == "flow-map" ? ""
                             : blocks > 1       ? "heun-euler"
                                                : GENERATE("rk4", "euler-maruyama");
  const auto generator = [&](std::vector<double> times) {
    return make_generator(
        model, with([&](auto& o) { o.path.solver = solver, o.grid.times = times; }), c10::kCPU);
  };
  const Generator all = generator({0, 0.3, 0.5, 1});
  Tensor path;
  const Tensor made = with_threads(3, [&] {
    path = all.path(x0, label, row);
    return all.generate(x0, label, row);
  });
  const auto K = static_cast<int64_t>(3 * blocks);
  REQUIRE(path.sizes() == at::IntArrayRef({70, K + 1, 4}));
  CHECK(at::equal(path.select(1, 0), x0));
  CHECK(at::equal(path.select(1, K), made));
  REQUIRE(std::ssize(all.path_times) == K + 1);
  CHECK(std::is_sorted(all.path_times.begin(), all.path_times.end()));
  CHECK(all.path_times[1] == Approx(0.3 / static_cast<double>(blocks)));
  CHECK(all.path_times.back() == 1);
  if (kind == "flow-map" && blocks == 1) {
    CHECK(distance(path.select(1, 2), all.phi(path.select(1, 1), 0.3, 0.5, label)) < 1e-6);
  }
}

TEST_CASE("What has no points between has no path", "[flow]") {
  const auto adaptive = with([](auto& o) { o.path.solver = "dopri5"; });
  CHECK_FALSE(make_generator(checkpoint("normalizing-flow"), {}, c10::kCPU).path);
  CHECK_FALSE(make_generator(checkpoint("velocity-field"), adaptive, c10::kCPU).path);
  Checkpoint consistency = checkpoint("flow-map");
  consistency.facts["jumps"] = "to-end";
  const auto two = with([](auto& o) { o.grid.steps = 2; });
  CHECK_FALSE(make_generator(consistency, two, c10::kCPU).path);
  CHECK(make_generator(consistency, {}, c10::kCPU).path);
}

TEST_CASE("Shares decode windows of tokens as they decode token by token", "[flow]") {
  const Checkpoint model = checkpoint("normalizing-flow");
  const auto flow = load_flow(model, c10::kCPU);
  const Tensor row = row_range(0, 70), x0 = Random(2).normal(row, space.shape);
  const Tensor label = row.remainder(4) - 1;
  const auto decode = [&](std::vector<int64_t> windows) {
    return with_threads(3, [&] {
      return flow->decode(x0, label, {.guidance = 1.5, .windows = windows, .tolerance = 0});
    });
  };
  CHECK(distance(decode({2, 2}), decode({})) < 1e-5);
}

TEST_CASE("A teacher's pairs are its codes over their scale, whoever shares them", "[flow]") {
  const Checkpoint model = checkpoint("normalizing-flow");
  const auto flow = load_flow(model, c10::kCPU);
  const Tensor row = row_range(0, 70), x1 = Random(3).normal(row, space.shape);
  const Tensor label = row.remainder(4) - 1;
  const Run run = run_to("unused.h5");
  Dataset data{.space = space, .x = x1, .labels = label, .train = 70};
  const Batches batches(data, run, false, 1);
  const auto pairing =
      pairings().make({{"type", "teacher"}, {"calibration", 500}}, {batches, data, &run, &model});
  const double sigma_f = pairing->facts()["sigma_f"];
  const Tensor x = x1 + 0.3 * run.random.stream("eta").normal(row, space.shape);
  const at::NoGradGuard no_grad;
  const Tensor codes = flow->encode(x, label).z;
  // The scale is that of other draws of these examples: 500 rows of four numbers.
  CHECK(sigma_f == Approx(codes.square().mean().sqrt().item<double>()).epsilon(0.1));
  for (const int threads : {1, 3}) {
    NewPairs found;
    with_threads(threads, [&] {
      found = pairing->make(row);
      return found.x0;
    });
    CHECK(at::equal(found.x1, x1));
    CHECK(distance(found.x0, codes / sigma_f) < 1e-5);
    CHECK(distance(found.log_p, log_prob(*flow, x, label)) < 1e-4);
  }
}

TEST_CASE("A teacher of dequantised bytes encodes them so; the pair keeps the clean example",
          "[flow]") {
  Checkpoint model = checkpoint("normalizing-flow");
  model.facts = {{"eta", 0}, {"noise", "uniform"}};
  const Tensor row = row_range(0, 70), label = row.remainder(3);
  const Tensor bytes = (Random(3).uniform(row, space.shape) * 256).to(at::kByte);
  Dataset data{.space = space, .x = bytes, .labels = label, .train = 70};
  data.scaling = {{2. / 255}, {-1}};
  const Run run = run_to("unused.h5");
  const NewPairs pairs = pairings()
                             .make({{"type", "teacher"}, {"calibration", 500}},
                                   {Batches(data, run, false, 1), data, &run, &model})
                             ->make(row);
  CHECK(at::equal(pairs.x1, data.examples(row)));
  const Noising noised("uniform", 0, data);
  const Tensor x = noised(pairs.x1, row, run.random.stream("eta"));
  const auto flow = load_flow(model, c10::kCPU);
  CHECK(distance(pairs.log_p, log_prob(*flow, x, label)) < 1e-4);
}

TEST_CASE("A velocity field is integrated, a map composed, a flow decoded", "[flow]") {
  const at::NoGradGuard no_grad;
  const Tensor x0 = noise(), label = labels(), row = row_range(0, 6);

  const Checkpoint field = checkpoint("velocity-field");
  const auto how =
      with([](auto& o) { o.path.solver = "heun-euler", o.grid.steps = 5, o.guidance = 1.5; });
  const Generator guided = make_generator(field, how, c10::kCPU);
  const LabelledVelocity v = guide(VelocityField{load_backbone(field, 1, c10::kCPU)}, 1.5);
  CHECK(at::equal(guided.generate(x0, label, row),
                  integrate(solver("heun-euler"), bind(v, label), x0, time_grid("uniform", 5))));
  CHECK(guided.protocol["nfe"] == 18);
  CHECK(guided.protocol["weights"] == "average");
  CHECK(make_generator(field, {}, c10::kCPU).protocol["nfe"] == 32);

  const Checkpoint map = checkpoint("flow-map");
  const Generator jumps = make_generator(
      map, with([](auto& o) { o.grid.steps = 2, o.grid.grid = "quadratic"; }), c10::kCPU);
  const FlowMap phi{load_backbone(map, 2, c10::kCPU)};
  CHECK(at::equal(jumps.generate(x0, label, row), jump(phi, x0, label, {0, 0.75, 1})));
  CHECK(jumps.protocol["nfe"] == 2);
  CHECK(jumps.protocol["grid"] == "quadratic");

  const Checkpoint teacher = checkpoint("normalizing-flow");
  const auto flow = load_flow(teacher, c10::kCPU);
  const Tensor x = make_generator(teacher, {}, c10::kCPU).generate(x0, label, row);
  CHECK(distance(flow->encode(x, label).z, x0) < 1e-4);
  const auto clean = with([](auto& o) { o.flow.denoise = true; });
  CHECK(distance(make_generator(teacher, clean, c10::kCPU).generate(x0, label, row),
                 denoise(*flow, x, label, 0.3)) == 0);
}

TEST_CASE("Encoding goes back over the times that samples were made along", "[flow]") {
  const at::NoGradGuard no_grad;
  const Tensor x0 = noise(), label = labels(), row = row_range(0, 6);

  for (const double guidance : {0.0, 1.5}) {
    const auto fine =
        with([&](auto& o) { o.path.solver = "rk4", o.grid.steps = 16, o.guidance = guidance; });
    const Generator field = make_generator(checkpoint("velocity-field"), fine, c10::kCPU);
    const Tensor x1 = field.generate(x0, label, row);
    CHECK(distance(x1, x0) > 1e-3);
    CHECK(distance(field.encode(x1, label), x0) < 1e-5);
  }
  for (const char* other : {"dopri5", "euler-maruyama"}) {
    const auto how = with([&](auto& o) { o.path.solver = other; });
    CHECK(!make_generator(checkpoint("velocity-field"), how, c10::kCPU).encode);
  }

  Checkpoint maps = checkpoint("flow-map");
  maps.blocks.push_back(maps.blocks[0]);
  for (auto& [name, weight] : maps.blocks[1].average) weight = 2 * weight;
  const auto how = with([](auto& o) { o.grid.times = {0, 0.3, 1}; });
  CHECK(!make_generator(maps, how, c10::kCPU).encode);
  maps.facts["encodes"] = true;
  const FlowMap first{load_backbone(maps, 2, c10::kCPU, false, 0)};
  const FlowMap second{load_backbone(maps, 2, c10::kCPU, false, 1)};
  const Tensor halfway =
      jump(first, x0, label, {1, 0.3, 0});  // from data on: the first block first
  CHECK(at::equal(make_generator(maps, how, c10::kCPU).encode(x0, label),
                  jump(second, halfway, label, {1, 0.3, 0})));
}

TEST_CASE("Networks in bf16 give nearly what fp32 gives, and samples stay fp32", "[flow]") {
  const at::NoGradGuard no_grad;
  const Tensor row = row_range(0, 6);
  const auto distance_of = [&](const std::string& kind, const auto& change) {
    const auto made = [&](const std::string& precision) {
      SamplingOptions o = with(change);
      o.precision = precision;
      const Generator generator = make_generator(checkpoint(kind), o, c10::kCPU);
      CHECK(generator.protocol.value("precision", "fp32") == precision);
      return generator.generate(noise(), labels(), row);
    };
    const Tensor bf16 = made("bf16");
    CHECK(bf16.scalar_type() == at::kFloat);
    return distance(bf16, made("fp32"));
  };
  const auto near = [](double found) { return found > 0 && found < 0.03; };
  CHECK(near(distance_of("velocity-field", [](auto& o) { o.grid.steps = 4, o.guidance = 1; })));
  CHECK(near(distance_of("velocity-field", [](auto& o) { o.path.solver = "dopri5"; })));
  CHECK(near(distance_of("flow-map", [](auto& o) { o.grid.steps = 2; })));
}

TEST_CASE("Evaluations are counted for every solver, grid and interval of guidance", "[flow]") {
  const Checkpoint field = checkpoint("velocity-field");
  const auto nfe = [&](const std::function<void(SamplingOptions&)>& change) {
    return make_generator(field, with(change), c10::kCPU).protocol.at("nfe").get<int64_t>();
  };
  const auto guided = [](SamplingOptions& o, const char* solver, double from, double to) {
    o.path.solver = solver, o.guidance = 1, o.guidance_interval = {from, to}, o.grid.steps = 10;
  };
  CHECK(nfe([](auto& o) { o.path.solver = "midpoint", o.grid.steps = 7; }) == 14);
  CHECK(nfe([](auto& o) { o.path.solver = "rk4", o.grid.steps = 3, o.guidance = 2; }) == 24);
  CHECK(nfe([](auto& o) { o.grid.times = {0, 0.3, 1}; }) == 2);
  CHECK(nfe([](auto& o) { o.path.solver = "euler-maruyama"; }) == 250);
  CHECK(nfe([](auto& o) { o.path.solver = "euler-maruyama", o.guidance = 1, o.grid.steps = 20; }) ==
        40);
  CHECK(nfe([&](auto& o) { guided(o, "euler", 0.3, 0.7); }) == 10 + 5);  // 0.3 ... 0.7
  CHECK(nfe([&](auto& o) { guided(o, "heun", 0.3, 0.7); }) == 20 + 5 + 5);
  CHECK(nfe([&](auto& o) { guided(o, "heun", 0.9, 1); }) == 20 + 1 + 2);
  CHECK(nfe([&](auto& o) { guided(o, "midpoint", 0.31, 0.39); }) == 20 + 1);
  CHECK(nfe([&](auto& o) { guided(o, "euler", 0.31, 0.39); }) == 10);
}

TEST_CASE("An adaptive solver tells what it took, and paths end where a fine grid's do", "[flow]") {
  const at::NoGradGuard no_grad;
  const Checkpoint field = checkpoint("velocity-field");
  const Tensor row = row_range(0, 6);
  const auto how = with([](auto& o) {
    o.path.solver = "dopri5", o.guidance = 1.5;
    o.path.adaptive.rtol = 2e-6, o.path.adaptive.atol = 2e-7;
  });
  const Generator adaptive = make_generator(field, how, c10::kCPU);
  CHECK(adaptive.protocol["rtol"] == 2e-6);
  CHECK(adaptive.protocol["atol"] == 2e-7);
  CHECK_FALSE(adaptive.protocol.contains("nfe"));
  CHECK(adaptive.evaluated() == 0);
  const Tensor x = adaptive.generate(noise(), labels(), row);
  const int64_t first = adaptive.evaluated();
  CHECK(first % (2 * 6 * 2) == 0);  // both branches of six rows, an even number of times
  CHECK((first / 12 - 2) % 6 == 0);
  adaptive.generate(noise(), labels(), row);
  CHECK(adaptive.evaluated() == 2 * first);
  const auto fine =
      with([](auto& o) { o.path.solver = "rk4", o.grid.steps = 50, o.guidance = 1.5; });
  const Generator fixed = make_generator(field, fine, c10::kCPU);
  CHECK(distance(x, fixed.generate(noise(), labels(), row)) < 1e-3);
  CHECK(fixed.evaluated == nullptr);
}

TEST_CASE("A stochastic solver's last step has its length; times may be listed", "[flow]") {
  const at::NoGradGuard no_grad;
  const Checkpoint field = checkpoint("velocity-field");
  const auto made = [&](const std::function<void(SamplingOptions&)>& change) {
    return make_generator(field, with([&](auto& o) {
                            o.path.solver = "euler-maruyama";
                            change(o);
                          }),
                          c10::kCPU, 1, Random(5))
        .generate(noise(), labels(), row_range(0, 6));
  };
  const auto by = [&](double last) {
    return [=](SamplingOptions& o) { o.grid.steps = 4, o.path.sde.last_step = last; };
  };
  const auto listed = [&](std::vector<double> times) {
    return [=](SamplingOptions& o) { o.grid.times = times; };
  };
  CHECK(distance(made(by(0.25)), made(listed({0, 0.25, 0.5, 0.75, 1}))) < 1e-6);
  CHECK(distance(made([](auto& o) { o.grid.steps = 2; }), made(listed({0, 0.96, 1}))) < 1e-6);
  CHECK(distance(made(by(0.25)), made(by(0.1))) > 1e-2);
}

TEST_CASE("Raw weights and averages are both at hand", "[flow]") {
  const at::NoGradGuard no_grad;
  for (const std::string kind : {"velocity-field", "flow-map", "normalizing-flow"}) {
    const Checkpoint model = checkpoint(kind);
    const Generator average = make_generator(model, {}, c10::kCPU);
    const Generator raw = make_generator(model, with([](auto& o) { o.raw = true; }), c10::kCPU);
    CHECK(raw.protocol["weights"] == "raw");
    CHECK(distance(raw.generate(noise(), labels(), row_range(0, 6)),
                   average.generate(noise(), labels(), row_range(0, 6))) > 1e-3);
    Checkpoint plain = model;
    plain.blocks[0].average.clear();
    const Generator only = make_generator(plain, {}, c10::kCPU);
    CHECK(only.protocol["weights"] == "raw");
    CHECK(distance(only.generate(noise(), labels(), row_range(0, 6)),
                   raw.generate(noise(), labels(), row_range(0, 6))) == 0);
  }
}

TEST_CASE("An average of another decay is taken where it is asked for", "[flow]") {
  const at::NoGradGuard no_grad;
  for (const std::string kind : {"velocity-field", "flow-map", "normalizing-flow"}) {
    Checkpoint model = checkpoint(kind);
    Block& block = model.blocks[0];
    block.decay = "0.99";
    block.others["0.9"] = block.weights;  // known from the raw ones
    const auto taken = [&](double decay) {
      return make_generator(model, with([&](auto& o) { o.ema = decay; }), c10::kCPU);
    };
    const auto made = [](const Generator& g) {
      return g.generate(noise(), labels(), row_range(0, 6));
    };
    CHECK(distance(made(taken(0.99)), made(taken(0))) == 0);
    const auto raw = make_generator(model, with([](auto& o) { o.raw = true; }), c10::kCPU);
    CHECK(distance(made(taken(0.9)), made(raw)) == 0);
    CHECK(taken(0.9).protocol["ema"] == 0.9);
    CHECK(taken(0.9).protocol["weights"] == "average");
    CHECK_FALSE(taken(0).protocol.contains("ema"));
    CHECK_THROWS_WITH(taken(0.5), contains("there are: 0.99, 0.9)"));
    const auto both = with([](auto& o) { o.raw = true, o.ema = 0.9; });
    CHECK_THROWS_AS(make_generator(model, both, c10::kCPU), BadOption);
  }
}

TEST_CASE("A map that begins with a field's weights is the field, at every gap", "[flow]") {
  const at::NoGradGuard no_grad;
  const Checkpoint field = checkpoint("velocity-field");
  const VelocityField v{load_backbone(field, 1, c10::kCPU)};
  const FlowMap phi{load_backbone(field, 2, c10::kCPU)};
  const Tensor s = at::linspace(0, 1, 6), t = s + at::linspace(0, 0.5, 6);
  CHECK(distance(phi.average_velocity(noise(), s, t, labels()), v(noise(), s, labels())) < 1e-6);
  // A finished map needs all its weights, the second clock's too.
  Checkpoint map = field;
  map.kind = "flow-map";
  CHECK_THROWS_AS(load_backbone(map, 2, c10::kCPU), Error);
}

TEST_CASE("Options without effect on a kind are refused", "[flow]") {
  const auto refused = [](const std::string& kind, const char* name,
                          const std::function<void(SamplingOptions&)>& change) {
    INFO(kind << ", " << name);
    CHECK_THROWS_AS(make_generator(checkpoint(kind), with(change), c10::kCPU), BadOption);
    CHECK_THROWS_WITH(make_generator(checkpoint(kind), with(change), c10::kCPU), contains(name));
  };
  refused("normalizing-flow", "solver", [](auto& o) { o.path.solver = "euler"; });
  refused("normalizing-flow", "steps", [](auto& o) { o.grid.steps = 3; });
  refused("normalizing-flow", "grid", [](auto& o) { o.grid.grid = "uniform"; });
  refused("velocity-field", "denoise", [](auto& o) { o.flow.denoise = true; });
  refused("velocity-field", "steps", [](auto& o) { o.grid.steps = -1; });
  refused("velocity-field", "solver", [](auto& o) { o.path.solver = "rk5"; });
  refused("velocity-field", "grid", [](auto& o) { o.grid.grid = "cubic"; });
  refused("velocity-field", "times", [](auto& o) { o.grid.times = {0, 0.4, 0.3, 1}; });
  refused("velocity-field", "grid", [](auto& o) {
    o.grid.times = {0, 1}, o.grid.grid = "uniform";
  });
  refused("velocity-field", "steps", [](auto& o) { o.grid.times = {0, 1}, o.grid.steps = 1; });
  refused("velocity-field", "rho", [](auto& o) { o.grid.rho = 5; });
  refused("velocity-field", "rho", [](auto& o) { o.grid.rho = -5, o.grid.grid = "edm"; });
  refused("velocity-field", "rtol", [](auto& o) { o.path.adaptive.rtol = 1e-3; });
  refused("velocity-field", "atol",
          [](auto& o) { o.path.adaptive.atol = 1e-3, o.path.solver = "rk4"; });
  refused("velocity-field", "rtol",
          [](auto& o) { o.path.adaptive.rtol = -1, o.path.solver = "dopri5"; });
  refused("velocity-field", "steps", [](auto& o) { o.grid.steps = 9, o.path.solver = "dopri5"; });
  refused("velocity-field", "grid", [](auto& o) { o.grid.grid = "edm", o.path.solver = "dopri5"; });
  refused("velocity-field", "times", [](auto& o) {
    o.grid.times = {0, 1}, o.path.solver = "dopri5";
  });
  refused("velocity-field", "diffusion", [](auto& o) { o.path.sde.diffusion = "sigma"; });
  refused("velocity-field", "diffusion_scale", [](auto& o) { o.path.sde.diffusion_scale = 1; });
  refused("velocity-field", "last_step", [](auto& o) { o.path.sde.last_step = 0.1; });
  refused("velocity-field", "last_step",
          [](auto& o) { o.path.sde.last_step = 1, o.path.solver = "euler-maruyama"; });
  refused("velocity-field", "last_step", [](auto& o) {
    o.path.sde.last_step = 0.1, o.grid.times = {0, 1}, o.path.solver = "euler-maruyama";
  });
  refused("velocity-field", "diffusion",
          [](auto& o) { o.path.sde.diffusion = "none", o.path.solver = "euler-maruyama"; });
  refused("velocity-field", "guidance_interval", [](auto& o) { o.guidance_interval = {0, 1}; });
  for (const std::vector<double>& wrong :
       {std::vector{0.5}, {0.5, 0.2}, {-0.1, 0.5}, {0.5, 1.1}, {0, 0.5, 1}}) {
    refused("velocity-field", "guidance_interval",
            [&](auto& o) { o.guidance = 1, o.guidance_interval = wrong; });
  }
  for (const char* kind : {"normalizing-flow", "flow-map"}) {
    refused(kind, "rtol", [](auto& o) { o.path.adaptive.rtol = 1e-3; });
    refused(kind, "diffusion", [](auto& o) { o.path.sde.diffusion = "sigma"; });
    refused(kind, "guidance_interval", [](auto& o) { o.guidance_interval = {0, 1}; });
  }
  refused("normalizing-flow", "precision", [](auto& o) { o.precision = "bf16"; });
  refused("flow-map", "precision", [](auto& o) { o.precision = "f16"; });
  refused("normalizing-flow", "times", [](auto& o) { o.grid.times = {0, 1}; });
  refused("flow-map", "times", [](auto& o) { o.grid.times = {0, 0.5}; });
  refused("flow-map", "denoise", [](auto& o) { o.flow.denoise = true; });
  refused("flow-map", "solver", [](auto& o) { o.path.solver = "euler"; });
  refused("flow-map", "guidance", [](auto& o) { o.guidance = 1; });
  Checkpoint unlabelled{.kind = "velocity-field", .space = {{4}, 0}};
  unlabelled.blocks = {block_of(*backbones().make(mlp, unlabelled.space, 1), mlp)};
  CHECK_THROWS_AS(make_generator(unlabelled, with([](auto& o) { o.guidance = 1; }), c10::kCPU),
                  BadOption);
}
