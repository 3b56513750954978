#include "flow/pairings/independent.h"

#include <ATen/core/Tensor.h>

namespace couplet {

namespace {

struct Independent : Pairing {
  Batches batches;
  Random noise;

  explicit Independent(const PairingInputs& inputs)
      : batches(inputs.batches), noise(inputs.run->random.stream("noise")) {}

  NewPairs make(const Tensor& numbers) const override {
    const Tensor example = batches.examples(numbers), flip = batches.flips(numbers);
    const auto [x1, label] = batches.take(example, flip);
    return {{noise.normal(numbers, batches.space().shape), x1, label}, example, flip, {}};
  }
};

}  // namespace

std::shared_ptr<Pairing> make_independent(const NoOptions&, const PairingInputs& inputs) {
  return std::make_shared<Independent>(inputs);
}

}  // namespace couplet
