// Data and noise that know nothing of each other.
#pragma once
#include "flow/coupling.h"

namespace couplet {

struct IndependentOptions {
  bool flip = false;
  void describe(auto&& option) { option("flip", flip, "mirror half of the images left to right"); }
};

/// From a dataset (its train split) or the data of a couplings file.
std::shared_ptr<Coupling> make_independent(const IndependentOptions& options,
                                           const CouplingInputs& inputs);

}  // namespace couplet
