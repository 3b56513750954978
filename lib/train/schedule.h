// The learning rate and the averages' decay over a run.
#pragma once
#include "train/trainer.h"

namespace couplet {

/// Rises linearly over the warm-up, then falls by half a cosine to lr_end, or stays.
double learning_rate(const TrainOptions& options, int64_t step);

/// Weight of the old average at step k: (1 + k)/(10 + k) until that reaches decay, so that short
/// runs forget their start.
double average_decay(double decay, int64_t step);

}  // namespace couplet
