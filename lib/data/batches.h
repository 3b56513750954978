// Shuffled batches of a dataset, by row.
#pragma once
#include "data/dataset.h"

namespace couplet {

/// x: (N, *shape) float; label: (N) int64, -1 = none.
struct Batch {
  Tensor x, label;
};

/// The train split as a function of row numbers 0, 1, 2, …, shuffled anew each epoch.
class Batches {
 public:
  Batches(const Dataset& data, const Run& run, bool flip);
  Batch draw(const Tensor& rows) const;

 private:
  Scaling scaling_;
  Tensor x_, labels_;
  c10::Device device_;
  bool flip_;
  Random shuffle_, flips_;
};

}  // namespace couplet
