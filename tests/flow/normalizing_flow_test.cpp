// Laws that every normalizing flow keeps.
#include "flow/normalizing_flow.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "io/checkpoint.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const Space image{{1, 4, 4}, 3};
const Tensor labels = at::tensor({0, 2, -1}, at::kLong);

// A flow of the table in double, its weights moved away from the start.
std::shared_ptr<NormalizingFlow> moved_flow(const std::string& name) {
  at::manual_seed(1);
  const auto flow = normalizing_flows().make({{"type", name}}, image);
  const at::NoGradGuard without_grad;
  for (Tensor& weight : flow->parameters()) weight.add_(at::randn_like(weight), 0.03);
  flow->to(at::kDouble);
  return flow;
}

Tensor example(uint64_t seed = 2) {
  at::manual_seed(seed);
  return at::randn({3, 1, 4, 4}, at::kDouble);
}

}  // namespace

TEST_CASE("every flow: decode inverts encode, for labels and for none") {
  for (const auto& name : normalizing_flows().names()) {
    INFO(name);
    const auto flow = moved_flow(name);
    const Tensor x = example(), z = flow->encode(x, labels).z;
    CHECK(z.sizes() == x.sizes());
    CHECK(distance(z, x) > 1e-3);
    CHECK(distance(flow->decode(z, labels), x) < 1e-10);
    CHECK(distance(flow->encode(flow->decode(x, labels), labels).z, x) < 1e-10);
  }
}

TEST_CASE("every flow: logdet is that of the Jacobian") {
  for (const auto& name : normalizing_flows().names()) {
    INFO(name);
    const auto flow = moved_flow(name);
    const Tensor x = example().requires_grad_();
    const auto [z, logdet] = flow->encode(x, labels);
    std::vector<Tensor> rows;  // of the three Jacobians: one example does not touch another
    for (int64_t i = 0; i < 16; ++i) {
      const Tensor component = z.flatten(1).select(1, i).sum();
      rows.push_back(torch::autograd::grad({component}, {x}, {}, true)[0].flatten(1));
    }
    CHECK(distance(std::get<1>(at::linalg_slogdet(at::stack(rows, 1))), logdet) < 1e-10);
  }
}

TEST_CASE("every flow: log p is that of a density, and denoising follows its gradient") {
  for (const auto& name : normalizing_flows().names()) {
    INFO(name);
    const auto flow = moved_flow(name);
    const Tensor x = example();
    const auto [z, logdet] = flow->encode(x, labels);
    const Tensor expected = logdet - 0.5 * (z.square() + std::log(2 * M_PI)).flatten(1).sum(1);
    CHECK(distance(log_prob(*flow, x, labels), expected) < 1e-10);

    // d log p along a direction, by differences.
    const Tensor u = example(3);
    const double h = 1e-5, eta = 0.3;
    const Tensor slope =
        (log_prob(*flow, x + h * u, labels) - log_prob(*flow, x - h * u, labels)) / (2 * h);
    const Tensor step = denoise(*flow, x, labels, eta) - x;
    CHECK(distance((step * u).flatten(1).sum(1), eta * eta * slope) < 1e-6);
  }
}

TEST_CASE("every flow reads nothing back from the device") {
  for (const auto& name : normalizing_flows().names()) {
    INFO(name);
    const auto flow = moved_flow(name);
    const Tensor x = example();
    const auto work = [&] {
      flow->encode(x, labels);
      flow->decode(x, labels);
      flow->decode(x, labels, {.guidance = 1.5, .temperature = 1.2});
    };
    CHECK(host_reads(work).empty());
  }
}

TEST_CASE("every flow: its effective options build it again, with the same names of weights") {
  for (const auto& name : normalizing_flows().names()) {
    INFO(name);
    const auto options = normalizing_flows().effective({{"type", name}}, "net");
    CHECK(normalizing_flows().effective(options, "net") == options);
    const auto flow = moved_flow(name), again = normalizing_flows().make(options, image);
    again->to(at::kDouble);
    load_tensors(*again, named_tensors(*flow));
    const Tensor x = example();
    CHECK(distance(again->encode(x, labels).z, flow->encode(x, labels).z) == 0);
  }
}
