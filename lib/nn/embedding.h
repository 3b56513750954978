// Clocks and labels as vectors.
#pragma once
#include <torch/nn/module.h>

#include <functional>

#include "base/types.h"

namespace couplet {

/// t: (N) -> (N, dim): cos(t f_i), then sin(t f_i), with f_i = 10000^(-2i / dim); dim even.
Tensor timestep_embedding(const Tensor& t, int64_t dim);

/// t: (N) -> (N, 2 count): sin(pi k t), then cos(pi k t), k = 1 .. count.
Tensor harmonic_embedding(const Tensor& t, int64_t count);

/// Rows of a (classes + 1, width) table whose last row stands for no label. label: (N) int64,
/// -1 = none -> (N, width).
Tensor label_or_null_row(const Tensor& table, const Tensor& label);

/// Rows of a (classes, width) table; zeros where there is no label.
Tensor label_or_zero(const Tensor& table, const Tensor& label);

/// Linear, SiLU, Linear as root's at.0 and at.2. With zero_last it starts as zero.
std::function<Tensor(const Tensor&)> perceptron(torch::nn::Module& root, const std::string& at,
                                                int64_t in, int64_t out, bool zero_last = false);

}  // namespace couplet
