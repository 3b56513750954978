// Noise that knows nothing of the data.
#pragma once
#include "flow/pairing.h"

namespace couplet {

std::shared_ptr<Pairing> make_independent(const NoOptions&, const PairingInputs& inputs);

}  // namespace couplet
