// Samples of a normalizing flow.
#pragma once
#include "flow/generator.h"

namespace couplet {

/// Decodes noise, token by token or by sweeps; batches: how many, for which a trial has to pay.
Generator decoding(const Checkpoint& flow, const SamplingOptions& options, c10::Device device,
                   int64_t batches);

}  // namespace couplet
