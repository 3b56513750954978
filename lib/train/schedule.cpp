#include "train/schedule.h"

#include <algorithm>
#include <cmath>

namespace couplet {

double learning_rate(const TrainOptions& options, int64_t step) {
  const double total = static_cast<double>(options.steps), k = static_cast<double>(step);
  const double warm = options.warmup * total;
  if (k < warm) return options.lr * (k + 1) / (warm + 1);
  if (options.schedule == "constant") return options.lr;
  const double share = (k - warm) / std::max(1.0, total - warm);
  return options.lr_end + (options.lr - options.lr_end) * 0.5 * (1 + std::cos(M_PI * share));
}

double average_decay(double decay, int64_t step) {
  const double k = static_cast<double>(step);
  return std::min(decay, (1 + k) / (10 + k));
}

}  // namespace couplet
