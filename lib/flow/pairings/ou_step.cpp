#include "flow/pairings/ou_step.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace couplet {

namespace {

struct OuStep : Pairing {
  OuStepOptions options;
  Batches batches;
  Random noise, other;

  OuStep(const OuStepOptions& options, const PairingInputs& inputs)
      : options(options),
        batches(inputs.batches),
        noise(inputs.run->random.stream("noise")),
        other(inputs.run->random.stream("other examples")) {
    require_option(options.gamma > 0, "option 'coupling.gamma' must be positive, found ",
                   options.gamma);
    require_option(options.blocks == 1 && options.rho == 1,
                   "options 'coupling.blocks' and 'coupling.rho' belong into the list of a chain");
  }

  NewPairs make(const Tensor& numbers) const override {
    const Tensor example = batches.examples(numbers), flip = batches.flips(numbers);
    const auto [x1, label] = batches.take(example, flip);
    const Tensor x =
        options.dependent ? x1 : batches.take(other.permute(numbers, batches.size()), flip).x;
    const double a = std::exp(-options.gamma), s = std::sqrt(-std::expm1(-2 * options.gamma));
    const Tensor x0 = a * x + s * noise.normal(numbers, batches.space().shape);
    return {{x0, x1, label}, example, flip, {}};
  }

  json facts() const override { return {{"gamma", options.gamma}}; }
};

}  // namespace

std::shared_ptr<Pairing> make_ou_step(const OuStepOptions& options, const PairingInputs& inputs) {
  return std::make_shared<OuStep>(options, inputs);
}

std::vector<json> one_each(const json& couplings) {
  std::vector<json> blocks;
  for (json law : couplings.is_array() ? couplings : json::array({couplings})) {
    if (law["type"] != "ou-step") {
      blocks.push_back(law);
      continue;
    }
    const auto count = law["blocks"].get<int64_t>();
    const auto rho = law["rho"].get<double>(), gamma = law["gamma"].get<double>();
    require_option(gamma > 0, "option 'coupling.gamma' must be positive, found ", gamma);
    require_option(count > 0, "option 'coupling.blocks' must be positive, found ", count);
    require_option(rho > 0, "option 'coupling.rho' must be positive, found ", rho);
    require_option(count > 1 || rho == 1, "option 'coupling.rho' has no effect on one block");
    law["blocks"] = 1, law["rho"] = 1;
    for (int64_t n = 0; n < count; ++n) {
      blocks.push_back(law);
      law["gamma"] = gamma * std::pow(rho, n + 1);
    }
  }
  return blocks;
}

}  // namespace couplet
