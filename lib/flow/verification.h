// How well a flow decodes what it encodes.
#pragma once
#include "data/dataset.h"
#include "flow/normalizing_flow.h"

namespace couplet {

/// |decode(encode(x)) - x| over count examples of the test split (of the train split where there is
/// none): {"examples", "max", "mean", "blocks": [{"max", "mean"}, …]}, each block on its own input.
json round_trips(NormalizingFlow& flow, const Dataset& data, int64_t count, c10::Device device);

}  // namespace couplet
