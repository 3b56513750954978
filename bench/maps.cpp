// bench-maps THREADS BATCH: training of flow maps by every loss, on 1x28x28 of ten classes: a
// residual perceptron of width 512 with four blocks, and a DiT of width 384 with four blocks and
// patches of 4. Relative to "-fm", a step of flow matching with the same network.
#include <ATen/ATen.h>

#include "base/threads.h"
#include "bench.h"
#include "losses/distiller.h"
#include "losses/flow_matching.h"
#include "train/gradients.h"
#include "train/optimizer.h"

using namespace couplet;

namespace {

const std::map<std::string, json> nets = {
    {"mlp", {{"type", "mlp"}, {"hidden", 512}, {"depth", 4}}},
    {"dit", {{"type", "dit"}, {"patch", 4}, {"hidden", 384}, {"depth", 4}, {"heads", 6}}},
};
/// Every loss as it comes, but those that the peer has as it has them.
std::map<std::string, json> losses() {
  std::map<std::string, json> all = {
      {"meanflow", {{"type", "meanflow"}, {"velocity", "pairs"}}},
      {"lagrangian", {{"type", "lagrangian"}, {"stop_gradient", true}}},
  };
  for (const auto& name : distillation_losses().names()) {
    all.try_emplace(name, json::object({{"type", name}}));
  }
  return all;
}

/// A map under training; its teacher is a field of the same network. follows: with the average
/// that a loss reads.
struct Student {
  Space space{{1, 28, 28}, 10};
  Tensor x, label;
  FlowMap phi, average;
  VelocityField v;
  Optimizer optimizer;
  FlowMatching plain{{}, Random(0)};
  int64_t step = 0;

  Student(const json& net, int64_t batch, bool follows)
      : x(at::rand(batch_of(batch, space.shape)) * 2 - 1),
        label(at::arange(batch).remainder(10)),
        phi{backbones().make(net, space, 2)},
        average{backbones().make(net, space, 2)},
        v{backbones().make(net, space, 1)},
        optimizer(*phi.net, {.lr = 1e-4, .schedule = "constant", .ema = {0.9999}},
                  std::vector<Follower>(follows ? 1 : 0, {average.net.get(), 0.99})) {
    const at::NoGradGuard no_grad;
    for (const auto& one : {phi.net, average.net, v.net}) {
      for (Tensor& weight : one->parameters()) weight.add_(at::randn_like(weight), 0.01);
    }
    for (Tensor& weight : v.net->parameters()) weight.set_requires_grad(false);
  }

  int64_t train(const std::function<Tensor(const CoupledBatch&, const Tensor& rows)>& loss) {
    const int64_t batch = x.size(0);
    const SideBySide threads(shares(batch));
    const auto of_rows = [&](const Tensor& rows) {
      const Tensor at = rows.remainder(batch), x0 = Random(1).normal(rows, space.shape);
      return loss({x0, x.index_select(0, at), label.index_select(0, at)}, rows);
    };
    const Tensor rows = at::arange(step * batch, (step + 1) * batch);
    const auto found = differentiate(of_rows, rows, optimizer.weights(), threads, false);
    optimizer.step(step++, found.weights, threads);
    return batch;
  }

  int64_t distil(const json& options) {
    DistillOptions how;
    how.loss.value = options;
    const Distiller distiller(how, interpolant("linear"), Random(0));
    const LabelledVelocity teacher = v;
    return train([&](const CoupledBatch& pairs, const Tensor& rows) {
      return distiller({phi, average, teacher}, pairs, rows);
    });
  }

  int64_t match() {
    const VelocityField diagonal{std::make_shared<Diagonal>(phi.net)};
    return train([&](const CoupledBatch& pairs, const Tensor& rows) {
      return plain(diagonal, pairs, rows);
    });
  }

  /// A map's velocity: t = s.
  struct Diagonal : Backbone {
    std::shared_ptr<Backbone> net;
    explicit Diagonal(std::shared_ptr<Backbone> net) : net(std::move(net)) {}
    Tensor forward(const Tensor& x, const Tensor& times, const Tensor& label) override {
      return net->forward(x, at::cat({times, at::zeros_like(times)}, 1), label);
    }
  };
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  at::set_num_threads(std::atoi(argv[1]));
  at::manual_seed(0);
  std::map<std::pair<std::string, bool>, std::unique_ptr<Student>> students;
  const auto student = [&](const std::string& name, bool follows) -> Student& {
    auto& one = students[{name, follows}];  // only those that are asked for take memory
    if (!one) one = std::make_unique<Student>(nets.at(name), std::atoi(argv[2]), follows);
    return *one;
  };
  std::map<std::string, bench::Workload> work;
  for (const auto& [name, net] : nets) {
    work["map-" + name + "-fm"] = [&, name = name] { return student(name, false).match(); };
    for (const auto& [loss, options] : losses()) {
      const bool follows = distillation_losses().make(options)->traits.target.has_value();
      work["map-" + name + "-" + loss] = [&, name = name, options = options, follows] {
        return student(name, follows).distil(options);
      };
    }
  }
  return bench::serve(work);
}
