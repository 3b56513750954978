// Pairs drawn afresh while training.
#pragma once
#include "flow/pairing.h"

namespace couplet {

/// A pairing's options, and the augmentation that a file would have recorded.
template <class Options>
struct FreshOptions {
  Options pairing;
  bool flip = false;
  void describe(auto&& option) {
    pairing.describe(option);
    option("flip", flip, "mirror half of the images left to right");
  }
};

/// The pairs that make(inputs) numbers, without end; inputs.file is a dataset, a normalizing flow
/// (whose dataset is known), or a couplings file, for its data alone.
std::shared_ptr<Coupling> draw_afresh(
    const CouplingInputs& inputs, bool flip,
    const std::function<std::shared_ptr<Pairing>(const PairingInputs&)>& make);

/// A row of couplings() out of a row of pairings().
template <class Options, std::shared_ptr<Pairing> (*make)(const Options&, const PairingInputs&)>
std::shared_ptr<Coupling> fresh(const FreshOptions<Options>& options,
                                const CouplingInputs& inputs) {
  return draw_afresh(inputs, options.flip,
                     [&](const PairingInputs& given) { return make(options.pairing, given); });
}

}  // namespace couplet
