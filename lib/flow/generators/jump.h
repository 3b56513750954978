// Samples of a flow map, or a chain of them.
#pragma once
#include "flow/generator.h"

namespace couplet {

/// Jumps from noise to data.
Generator jumping(const Checkpoint& map, const SamplingOptions& options, c10::Device device);

}  // namespace couplet
