// The pairs of a couplings file, shuffled.
#pragma once
#include "flow/coupling.h"

namespace couplet {

std::shared_ptr<Coupling> make_stored(const NoOptions&, const CouplingInputs& inputs);

}  // namespace couplet
