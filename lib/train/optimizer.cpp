#include "train/optimizer.h"

#include <ATen/ATen.h>

#include "train/schedule.h"

namespace couplet {

Optimizer::Optimizer(torch::nn::Module& net, const TrainOptions& options,
                     std::vector<Follower> followers)
    : options_(options), followers_(std::move(followers)) {
  for (const auto& item : net.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    const Tensor weight = item.value();
    names_.push_back(item.key());
    weights_.push_back(weight);
    mean_.push_back(at::zeros_like(weight, at::MemoryFormat::Contiguous));
    square_.push_back(at::zeros_like(weight, at::MemoryFormat::Contiguous));
    count_.push_back(at::zeros({}, weight.options().dtype(at::kFloat)));
    if (options.ema > 0) average_.push_back(weight.detach().clone());
  }
}

Tensor Optimizer::step(int64_t step) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> gradients;
  for (Tensor& weight : weights_) {
    if (!weight.grad().defined()) weight.mutable_grad() = at::zeros_like(weight);
    gradients.push_back(weight.grad());
  }
  const Tensor norm = at::stack(at::_foreach_norm(gradients)).norm();
  if (options_.clip > 0) {
    at::_foreach_mul_(gradients, (options_.clip / (norm + 1e-6)).clamp_max(1.0));
  }
  at::_foreach_add_(count_, 1);
  at::_fused_adamw_(weights_, gradients, mean_, square_, {}, count_, learning_rate(options_, step),
                    options_.beta1, options_.beta2, options_.weight_decay, 1e-8,
                    /*amsgrad=*/false, /*maximize=*/false);
  if (!average_.empty()) {
    at::_foreach_lerp_(average_, weights_, 1 - average_decay(options_.ema, step));
  }
  for (const Follower& follower : followers_) {
    at::_foreach_lerp_(follower.net->parameters(), weights_,
                       1 - average_decay(follower.decay, step));
  }
  for (Tensor& weight : weights_) weight.mutable_grad().reset();
  return norm;
}

Tensors Optimizer::average() const {
  Tensors all;
  for (size_t i = 0; i < average_.size(); ++i) all[names_[i]] = average_[i];
  return all;
}

Tensors Optimizer::state() const {
  Tensors all;
  for (size_t i = 0; i < names_.size(); ++i) {
    all["weights/" + names_[i]] = weights_[i];
    all["mean/" + names_[i]] = mean_[i];
    all["square/" + names_[i]] = square_[i];
    all["count/" + names_[i]] = count_[i];
    if (!average_.empty()) all["average/" + names_[i]] = average_[i];
  }
  for (size_t f = 0; f < followers_.size(); ++f) {
    for (const auto& [name, tensor] : named_tensors(*followers_[f].net)) {
      all["follower" + std::to_string(f) + "/" + name] = tensor;
    }
  }
  return all;
}

}  // namespace couplet
