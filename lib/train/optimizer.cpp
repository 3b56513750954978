#include "train/optimizer.h"

#include <ATen/ATen.h>

#include "train/schedule.h"

namespace couplet {

Optimizer::Optimizer(torch::nn::Module& net, const TrainOptions& options,
                     std::vector<Follower> followers)
    : options_(options), followers_(std::move(followers)) {
  for (const double decay : options.ema) {
    if (decay > 0) decays_.push_back(decay);
  }
  averages_.resize(decays_.size());
  for (const auto& item : net.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    const Tensor weight = item.value();
    names_.push_back(item.key());
    weights_.push_back(weight);
    mean_.push_back(at::zeros_like(weight, at::MemoryFormat::Contiguous));
    square_.push_back(at::zeros_like(weight, at::MemoryFormat::Contiguous));
    count_.push_back(at::zeros({}, weight.options().dtype(at::kFloat)));
    for (auto& average : averages_) average.push_back(weight.detach().clone());
  }
}

Tensor Optimizer::step(int64_t step, const std::vector<Tensor>& gradients,
                       const SideBySide& threads) {
  const at::NoGradGuard no_grad;
  const auto parts = even_parts(weights_, threads.size());
  std::vector<Tensor> norms(weights_.size());  // of each: the same for any number of threads
  threads([&](int64_t i) {
    const Part& part = parts[i];
    if (part.size == 0) return;
    const auto found = at::_foreach_norm(part.of(gradients));
    std::copy(found.begin(), found.end(), norms.begin() + static_cast<int64_t>(part.begin));
  });
  const Tensor norm = at::stack(norms).norm();
  const Tensor clip = (options_.clip / (norm + 1e-6)).clamp_max(1.0);

  threads([&](int64_t i) {
    const Part& part = parts[i];
    if (part.size == 0) return;
    const auto clipped =
        options_.clip > 0 ? at::_foreach_mul(part.of(gradients), clip) : part.of(gradients).vec();
    const auto weights = part.of(weights_);
    at::_foreach_add_(part.of(count_), 1);
    at::_fused_adamw_(weights, clipped, part.of(mean_), part.of(square_), {}, part.of(count_),
                      learning_rate(options_, step), options_.beta1, options_.beta2,
                      options_.weight_decay, 1e-8, /*amsgrad=*/false, /*maximize=*/false);
    const auto follow = [&](at::TensorList average, double decay) {
      at::_foreach_lerp_(part.of(average), weights, 1 - decay);
    };
    for (size_t k = 0; k < decays_.size(); ++k) {
      follow(averages_[k], average_decay(decays_[k], step));
    }
    for (const Follower& follower : followers_) follow(follower.net->parameters(), follower.decay);
  });
  return norm;
}

Tensors Optimizer::average(size_t k) const {
  Tensors all;
  if (k >= averages_.size()) return all;
  for (size_t i = 0; i < names_.size(); ++i) all[names_[i]] = averages_[k][i];
  return all;
}

Tensors Optimizer::state() const {
  Tensors all;
  for (size_t i = 0; i < names_.size(); ++i) {
    all["weights/" + names_[i]] = weights_[i];
    all["mean/" + names_[i]] = mean_[i];
    all["square/" + names_[i]] = square_[i];
    all["count/" + names_[i]] = count_[i];
    for (size_t k = 0; k < averages_.size(); ++k) {
      all["average" + std::to_string(k) + "/" + names_[i]] = averages_[k][i];
    }
  }
  for (size_t f = 0; f < followers_.size(); ++f) {
    for (const auto& [name, tensor] : named_tensors(*followers_[f].net)) {
      all["follower" + std::to_string(f) + "/" + name] = tensor;
    }
  }
  return all;
}

}  // namespace couplet
