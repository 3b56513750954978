// Samples of a flow map, or a chain of them.
#pragma once
#include "flow/generator.h"

namespace couplet {

/// Jumps from noise to data; where the map knows jumps to the end alone, with noise between them,
/// which needs one map and noise that the teacher drew independently of the data.
Generator jumping(const Checkpoint& map, const SamplingOptions& options, c10::Device device,
                  const Random& noise);

}  // namespace couplet
