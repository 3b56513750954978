// Samples of a velocity field, or a chain of them.
#pragma once
#include "flow/generator.h"

namespace couplet {

/// Carries noise along the field. noise: of a stochastic solver.
Generator integrating(const Checkpoint& field, const SamplingOptions& options, c10::Device device,
                      const Random& noise);

}  // namespace couplet
