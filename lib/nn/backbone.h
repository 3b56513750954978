// The networks: trainable functions of a point, its clocks and a label.
#pragma once
#include <torch/nn/module.h>

#include "base/registry.h"
#include "base/space.h"

namespace couplet {

struct Backbone : torch::nn::Module {
  /// x: (N, *shape); times: (N, K) clock readings, t - s in [-1, 1]; label: (N) int64, -1 = none.
  /// Returns (N, *shape).
  virtual Tensor forward(const Tensor& x, const Tensor& times, const Tensor& label) = 0;
};

/// make(options, space, K): K = 1 reads (t), K = 2 reads (s, t - s), K = 3 also w, a scale of
/// guidance as a part of its range. Clocks after the first enter through embeddings of their own
/// whose last layers start at zero, so that a map starts as its student. BadOption for another K.
const Registry<Backbone, const Space&, int64_t>& backbones();

}  // namespace couplet
