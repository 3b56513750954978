// What runs on a GPU must not wait for it: no loss, solver step, map or draw reads numbers back.
#include "eval/curvature.h"
#include "cuda/replay.h"
#include "flow/flow_map.h"
#include "flow/jvp.h"
#include "flow/labels.h"
#include "flow/normalizing_flow.h"
#include "flow/sampling.h"
#include "flow/sde.h"
#include "flow/solver.h"
#include "losses/distiller.h"
#include "losses/flow_matching.h"
#include "losses/likelihood.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const Space small{{6}, 3};
const std::set<std::string> none;

std::shared_ptr<Backbone> network(int64_t clocks, c10::Device device) {
  const json mlp = {{"type", "mlp"}, {"hidden", 16}, {"depth", 1}};
  const auto net = backbones().make(mlp, small, clocks);
  net->to(device);
  return net;
}

std::shared_ptr<NormalizingFlow> small_flow(c10::Device device) {
  const json options = {{"type", "tarflow"}, {"patch", 2},  {"channels", 16},
                        {"blocks", 2},       {"layers", 1}, {"head", 16}};
  const auto flow = normalizing_flows().make(options, small);
  flow->to(device);
  return flow;
}

CoupledBatch pairs(const Tensor& rows) {
  return {Random(1).normal(rows, small.shape), Random(2).normal(rows, small.shape),
          rows.remainder(3)};
}

}  // namespace

TEST_CASE("Losses and their gradients read nothing back from the device", "[flow]") {
  for (const auto& device : devices()) {
    const Tensor rows = row_range(0, 5, device);
    const CoupledBatch batch = pairs(rows);
    for (const auto& path : interpolant_names()) {
      for (const auto& law : time_laws().names()) {
        FlowMatchingOptions options;
        options.interpolant = path, options.times = Component(time_laws(), law);
        options.label_drop = 0.5, options.sigma = 0.1, options.sigma_min = 0.01;
        const VelocityField v{network(1, device)};
        const FlowMatching loss(options, Random(3));
        INFO(path << ", " << law);
        CHECK(host_reads([&] { loss(v, batch, rows).backward(); }) == none);
      }
    }
    for (const auto& name : distillation_losses().names()) {
      DistillOptions options;
      options.loss = Component(distillation_losses(), name);
      options.label_drop = name == "endpoint" ? 0 : 0.5;
      const FlowMap phi{network(2, device)}, average{network(2, device)};
      const LabelledVelocity v = VelocityField{network(1, device)};
      const Distiller distil(options, interpolant("linear"), Random(3));
      INFO(name);
      CHECK(host_reads([&] { distil({phi, average, v}, batch, rows).backward(); }) == none);
    }
    const auto flow = small_flow(device);
    const Likelihood loss({}, Dataset{}, Random(3));
    const Batch data{batch.x1, batch.label};
    CHECK(host_reads([&] { loss(*flow, data, rows).backward(); }) == none);
  }
}

TEST_CASE("Solvers, maps and decoding read nothing back from the device", "[flow]") {
  for (const auto& device : devices()) {
    const auto [x0, x1, label] = pairs(row_range(0, 5, device));
    const LabelledVelocity v = VelocityField{network(1, device)};
    const at::NoGradGuard no_grad;
    for (const auto& name : solver_names()) {
      if (solver(name).adaptive != nullptr) continue;  // reads one number a step
      for (const double w : {0.0, 1.5}) {
        INFO(name << ", guidance " << w);
        const Velocity guided = bind(guide(v, w), label);
        const auto times = time_grid("quadratic", 3);
        CHECK(host_reads([&] { integrate(solver(name), guided, x0, times); }) == none);
      }
    }
    const Velocity field = bind(v, label);
    const Sde noisy = sde("sigma", 1, interpolant("linear"));
    const Tensor row = row_range(0, 5, device);
    CHECK(host_reads([&] { integrate(noisy, field, x0, {0, 0.5, 1}, Random(3), row); }) == none);
    CHECK(host_reads([&] { curvature(field, x0, 4); }) == none);
    const FlowMap phi{network(2, device)};
    CHECK(host_reads([&] { jump(phi, x0, label, {0, 0.5, 1}); }) == none);
    const Tensor t = at::full({5}, 0.5, x0.options());
    CHECK(host_reads([&] {
            jvp([&](const Tensor& time) { return field(x0, time); }, t, at::ones_like(t));
          }) == none);
    const auto flow = small_flow(device);
    for (const double w : {0.0, 1.5}) {
      CHECK(host_reads([&] { flow->decode(x0, label, {.guidance = w}); }) == none);
    }
    CHECK(host_reads([&] { denoise(*flow, x1, label, 0.1); }) == none);
  }
}

TEST_CASE("Replayed decoding is decoding, for each batch and size", "[flow][cuda]") {
  const at::NoGradGuard no_grad;
  for (const auto& device : devices()) {
    const auto flow = small_flow(device);
    const auto decode = [&](const Tensor& x, const Tensor& label) {
      return flow->decode(x, label, {.guidance = 1.5});
    };
    cuda::Replay replay(decode);
    int64_t first = 0;
    for (const int64_t rows : {5, 5, 5, 3, 5, 3, 3}) {  // run, recorded, replayed, other sizes
      const auto [x0, x1, label] = pairs(row_range(first, first + rows, device));
      CHECK(distance(replay(x0, label), decode(x0, label)) < 1e-6);
      first += rows;
    }
  }
}

TEST_CASE("Draws by row read nothing back from the device", "[flow]") {
  for (const auto& device : devices()) {
    const Tensor rows = row_range(0, 5, device);
    const Random random(5);
    CHECK(host_reads([&] { random.permute(rows, 100); }) == none);
    CHECK(host_reads([&] { random.normal(rows, {3, 2}); }) == none);
    CHECK(host_reads([&] { drop_labels(rows, 0.3, random, rows); }) == none);
    for (const std::string label : {"each", "none", "2"}) {
      const Requests requests(small, label, random);
      CHECK(host_reads([&] { requests.x0(rows), requests.labels(rows); }) == none);
    }
  }
}
