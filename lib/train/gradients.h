// The loss of a batch and its gradients.
#pragma once
#include <functional>
#include <vector>

#include "base/threads.h"
#include "base/types.h"

namespace couplet {

struct Gradients {
  Tensor loss;                  ///< a scalar
  std::vector<Tensor> weights;  ///< contiguous; zeros where the loss does not depend on a weight
};

/// Of loss(rows), a mean over rows. Each thread takes a share of the rows through loss and backward
/// pass, so loss is called by several at once; in so many parts, one after the other, where memory
/// is short. bf16: autocast around the loss; weights and gradients stay fp32.
Gradients differentiate(const std::function<Tensor(const Tensor& rows)>& loss, const Tensor& rows,
                        const std::vector<Tensor>& weights, const SideBySide& threads, bool bf16,
                        int64_t parts = 1);

}  // namespace couplet
