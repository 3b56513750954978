// Laws that every normalizing flow keeps.
#include "flow/normalizing_flow.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "io/checkpoint.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

// Sixteen numbers in three classes, as an image or as a vector.
Space space_of(const std::string& name) {
  return name == "tarflow" ? Space{{1, 4, 4}, 3} : Space{{16}, 3};
}
const Tensor labels = at::tensor({0, 2, -1}, at::kLong);

// A flow of the table in double, its weights moved away from the start.
std::shared_ptr<NormalizingFlow> moved_flow(const std::string& name) {
  at::manual_seed(1);
  const auto flow = normalizing_flows().make({{"type", name}}, space_of(name));
  const at::NoGradGuard without_grad;
  for (Tensor& weight : flow->parameters()) weight.add_(at::randn_like(weight), 0.03);
  flow->to(at::kDouble);
  return flow;
}

Tensor example(const std::string& name, uint64_t seed = 2) {
  at::manual_seed(seed);
  return at::randn(batch_of(3, space_of(name).shape), at::kDouble);
}

}  // namespace

TEST_CASE("every flow: decode inverts encode, for labels and for none") {
  for (const auto& name : normalizing_flows().names()) {
    INFO(name);
    const auto flow = moved_flow(name);
    const Tensor x = example(name), z = flow->encode(x, labels).z;
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
    const Tensor x = example(name).requires_grad_();
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
    const Tensor x = example(name);
    const auto [z, logdet] = flow->encode(x, labels);
    const Tensor expected = logdet - 0.5 * (z.square() + std::log(2 * M_PI)).flatten(1).sum(1);
    CHECK(distance(log_prob(*flow, x, labels), expected) < 1e-10);

    // d log p along a direction, by differences.
    const Tensor u = example(name, 3);
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
    const Tensor x = example(name);
    const auto work = [&] {
      flow->encode(x, labels);
      flow->decode(x, labels);
      if (name == "tarflow") flow->decode(x, labels, {.guidance = 1.5, .temperature = 1.2});
    };
    CHECK(host_reads(work).empty());
  }
}

TEST_CASE("every flow: its effective options build it again, with the same names of weights") {
  for (const auto& name : normalizing_flows().names()) {
    INFO(name);
    const auto options = normalizing_flows().effective({{"type", name}}, "net");
    CHECK(normalizing_flows().effective(options, "net") == options);
    const auto flow = moved_flow(name), again = normalizing_flows().make(options, space_of(name));
    again->to(at::kDouble);
    load_tensors(*again, named_tensors(*flow));
    const Tensor x = example(name);
    CHECK(distance(again->encode(x, labels).z, flow->encode(x, labels).z) == 0);
  }
}

TEST_CASE("every flow: its blocks are the chain that encode goes along") {
  for (const auto& name : normalizing_flows().names()) {
    INFO(name);
    const auto flow = moved_flow(name);
    Tensor link = flow->arranged(example(name)), logdet = at::zeros({3}, at::kDouble);
    for (const auto& block : flow->blocks()) {
      const auto [z, change] = block->encode(link, labels);
      CHECK(distance(block->decode(z, labels, {}), link) < 1e-10);
      link = z, logdet = logdet + change;
    }
    const auto [z, all] = flow->encode(example(name), labels);
    CHECK(distance(flow->arranged(z), link) < 1e-12);
    CHECK(distance(all, logdet) < 1e-12);
  }
}
