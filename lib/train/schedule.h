// The learning rate over a run.
#pragma once
#include "train/trainer.h"

namespace couplet {

/// Rises linearly over the warm-up, then falls by half a cosine to lr_end, or stays.
double learning_rate(const TrainOptions& options, int64_t step);

/// Weight of the old average after so many steps: rises to decay, so that short runs forget their
/// start.
double average_decay(double decay, int64_t step);

}  // namespace couplet
