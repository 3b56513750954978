#include "flow/generator.h"

#include <ATen/Parallel.h>

#include "base/error.h"
#include "data/noising.h"
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
  const auto how = with([](auto& o) { o.denoise = true; });
  const std::string kind = GENERATE("normalizing-flow", "velocity-field", "flow-map");
  const auto options = kind == "normalizing-flow" ? how : SamplingOptions{};
  const Generator generator = make_generator(checkpoint(kind), options, c10::kCPU);
  const auto made = [&] { return generator.generate(x0, label); };
  CHECK(distance(with_threads(1, made), with_threads(3, made)) < 1e-5);
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
  const Tensor x0 = noise(), label = labels();

  const Checkpoint field = checkpoint("velocity-field");
  const auto how = with([](auto& o) { o.solver = "heun-euler", o.steps = 5, o.guidance = 1.5; });
  const Generator guided = make_generator(field, how, c10::kCPU);
  const LabelledVelocity v = guide(VelocityField{load_backbone(field, 1, c10::kCPU)}, 1.5);
  CHECK(at::equal(guided.generate(x0, label),
                  integrate(solver("heun-euler"), bind(v, label), x0, time_grid("uniform", 5))));
  CHECK(guided.protocol["nfe"] == 18);
  CHECK(guided.protocol["weights"] == "average");
  CHECK(make_generator(field, {}, c10::kCPU).protocol["nfe"] == 32);

  const Checkpoint map = checkpoint("flow-map");
  const Generator jumps =
      make_generator(map, with([](auto& o) { o.steps = 2, o.grid = "quadratic"; }), c10::kCPU);
  const FlowMap phi{load_backbone(map, 2, c10::kCPU)};
  CHECK(at::equal(jumps.generate(x0, label), jump(phi, x0, label, {0, 0.75, 1})));
  CHECK(jumps.protocol["nfe"] == 2);
  CHECK(jumps.protocol["grid"] == "quadratic");

  const Checkpoint teacher = checkpoint("normalizing-flow");
  const auto flow = load_flow(teacher, c10::kCPU);
  const Tensor x = make_generator(teacher, {}, c10::kCPU).generate(x0, label);
  CHECK(distance(flow->encode(x, label).z, x0) < 1e-4);
  const auto clean = with([](auto& o) { o.denoise = true; });
  CHECK(distance(make_generator(teacher, clean, c10::kCPU).generate(x0, label),
                 denoise(*flow, x, label, 0.3)) == 0);
}

TEST_CASE("Raw weights and averages are both at hand", "[flow]") {
  const at::NoGradGuard no_grad;
  for (const std::string kind : {"velocity-field", "flow-map", "normalizing-flow"}) {
    const Checkpoint model = checkpoint(kind);
    const Generator average = make_generator(model, {}, c10::kCPU);
    const Generator raw = make_generator(model, with([](auto& o) { o.raw = true; }), c10::kCPU);
    CHECK(raw.protocol["weights"] == "raw");
    CHECK(distance(raw.generate(noise(), labels()), average.generate(noise(), labels())) > 1e-3);
    Checkpoint plain = model;
    plain.blocks[0].average.clear();
    const Generator only = make_generator(plain, {}, c10::kCPU);
    CHECK(only.protocol["weights"] == "raw");
    CHECK(distance(only.generate(noise(), labels()), raw.generate(noise(), labels())) == 0);
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
  refused("normalizing-flow", "solver", [](auto& o) { o.solver = "euler"; });
  refused("normalizing-flow", "steps", [](auto& o) { o.steps = 3; });
  refused("normalizing-flow", "grid", [](auto& o) { o.grid = "uniform"; });
  refused("velocity-field", "denoise", [](auto& o) { o.denoise = true; });
  refused("velocity-field", "steps", [](auto& o) { o.steps = -1; });
  refused("velocity-field", "solver", [](auto& o) { o.solver = "rk5"; });
  refused("velocity-field", "grid", [](auto& o) { o.grid = "cubic"; });
  refused("flow-map", "denoise", [](auto& o) { o.denoise = true; });
  refused("flow-map", "solver", [](auto& o) { o.solver = "euler"; });
  refused("flow-map", "guidance", [](auto& o) { o.guidance = 1; });
  Checkpoint unlabelled{.kind = "velocity-field", .space = {{4}, 0}};
  unlabelled.blocks = {block_of(*backbones().make(mlp, unlabelled.space, 1), mlp)};
  CHECK_THROWS_AS(make_generator(unlabelled, with([](auto& o) { o.guidance = 1; }), c10::kCPU),
                  BadOption);
}
