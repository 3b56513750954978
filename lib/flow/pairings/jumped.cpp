#include "flow/pairings/jumped.h"

#include <ATen/core/Tensor.h>

#include "base/error.h"
#include "flow/generator.h"

namespace couplet {

namespace {

struct Jumped : Pairing {
  Batches batches;
  Generator map;

  Jumped(const JumpedOptions& options, const PairingInputs& inputs) : batches(inputs.batches) {
    require_option(inputs.model != nullptr && inputs.model->kind == "flow-map",
                   "the coupling 'jumped' needs a flow map");
    map = make_generator(*inputs.model, {.grid = options.grid, .guidance = options.guidance},
                         inputs.run->device);
    require_option(
        map.encode != nullptr,
        "the coupling 'jumped': this map jumps from noise to data alone; distil one that "
        "encodes too (-s distil.encode=0.5)");
  }

  NewPairs make(const Tensor& numbers) const override {
    const Tensor example = batches.examples(numbers), flip = batches.flips(numbers);
    const auto [x1, label] = batches.take(example, flip);
    return {{map.encode(x1, label), x1, label}, example, flip, {}};
  }

  json facts() const override {
    json told;
    for (const char* name : {"solver", "steps", "grid", "rho", "times", "guidance"}) {
      if (map.protocol.contains(name)) told[name] = map.protocol[name];
    }
    return told;
  }
};

}  // namespace

std::shared_ptr<Pairing> make_jumped(const JumpedOptions& options, const PairingInputs& inputs) {
  return std::make_shared<Jumped>(options, inputs);
}

}  // namespace couplet
