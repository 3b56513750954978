#include "flow/pairings/pushed.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/threads.h"
#include "flow/loading.h"
#include "flow/pool.h"

namespace couplet {

namespace {

struct Pushed : Pairing {
  Batches batches;
  const Solver& method;
  std::vector<double> times;
  Chain chain;
  json told;

  Pushed(const PushedOptions& options, const PairingInputs& inputs)
      : batches(inputs.batches),
        method(fixed_solver(options.solver)),
        times(time_grid("uniform", options.steps)) {
    require_option(inputs.model != nullptr && inputs.model->kind == "velocity-field",
                   "the coupling 'pushed' needs a velocity field");
    chain = load_chain(*inputs.model, inputs.run->device);
    told = {{"blocks", blocks_passed(inputs.data.label) + chain.size()},
            {"chain", inputs.model->label.content},
            {"solver", options.solver},
            {"steps", options.steps}};
  }

  NewPairs make(const Tensor& numbers) const override {
    const Tensor example = batches.examples(numbers), flip = batches.flips(numbers);
    const auto [x1, label] = batches.take(example, flip);
    const Tensor x0 = by_shares(x1, [&, &x1 = x1, &label = label](const Share& share) {
      return push(chain, method, share.of(x1), share.of(label), times);
    });
    return {{x0, x1, label}, example, flip, {}};
  }

  json facts() const override { return told; }
};

}  // namespace

void check(const PushedOptions& options) {
  fixed_solver(options.solver), time_grid("uniform", options.steps);
}

std::shared_ptr<Pairing> make_pushed(const PushedOptions& options, const PairingInputs& inputs) {
  return std::make_shared<Pushed>(options, inputs);
}

}  // namespace couplet
