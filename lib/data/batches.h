// The examples of the train split, by number.
#pragma once
#include "data/dataset.h"

namespace couplet {

/// x: (N, *shape) float; label: (N) int64, -1 = none.
struct Batch {
  Tensor x, label;
};

/// The train split as a function of numbers 0, 1, 2, …: shuffled anew each epoch, or in order, each
/// example so many times.
class Batches {
 public:
  /// flip: mirrors half of the images left to right. times: 0 shuffles.
  Batches(const Dataset& data, const Run& run, bool flip, int64_t times = 0);

  int64_t size() const { return x_.size(0); }  ///< examples
  const Space& space() const { return space_; }
  /// The example that a number (N) stands for, (N) int64: shuffled or in order, or always shuffled.
  Tensor examples(const Tensor& numbers) const;
  Tensor shuffled(const Tensor& numbers) const;
  /// (N) bool: whether it is mirrored; undefined without mirroring.
  Tensor flips(const Tensor& numbers) const;

  Batch take(const Tensor& example, const Tensor& flip = {}) const;
  Batch draw(const Tensor& numbers) const { return take(examples(numbers), flips(numbers)); }
  /// The labels alone, (N) int64.
  Tensor labels(const Tensor& example) const;
  /// All examples as stored (M, *shape).
  const Tensor& stored() const { return x_; }

 private:
  Space space_;
  Scaling scaling_;
  Tensor x_, labels_;
  c10::Device device_;
  bool flip_;
  int64_t times_;
  Random shuffle_, flips_;
};

}  // namespace couplet
