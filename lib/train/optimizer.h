// AdamW over a module's parameters, with moving averages; all state stays on the device.
#pragma once
#include "base/threads.h"
#include "train/trainer.h"

namespace couplet {

class Optimizer {
 public:
  Optimizer(torch::nn::Module& net, const TrainOptions& options, std::vector<Follower> followers);
  /// Clips the gradients of weights(), steps, moves the averages. Returns the gradient's norm
  /// before clipping, on the device.
  Tensor step(int64_t step, const std::vector<Tensor>& gradients, const SideBySide& threads);
  const std::vector<Tensor>& weights() const { return weights_; }

  const std::vector<double>& decays() const { return decays_; }
  Tensors average(size_t k) const;  ///< the moving average of decays()[k] by name; empty: no such
  /// State by name, to save; and back. The tensors themselves, not copies.
  Tensors state() const;

 private:
  TrainOptions options_;
  std::vector<std::string> names_;
  std::vector<Tensor> weights_, mean_, square_, count_;
  std::vector<double> decays_;
  std::vector<std::vector<Tensor>> averages_;  // one for each decay
  std::vector<Follower> followers_;
};

}  // namespace couplet
