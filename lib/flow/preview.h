// What a flow makes of the same noise while it is trained.
#pragma once
#include "data/dataset.h"
#include "flow/normalizing_flow.h"

namespace couplet {

/// Decodes the first count rows of the run's preview noise, classes in turn, into the grid of
/// images OUTPUT.STEP.png (OUTPUT without its extension).
void write_preview(NormalizingFlow& flow, const Dataset& data, int64_t count, int64_t step,
                   const Run& run);

}  // namespace couplet
