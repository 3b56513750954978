#include "train/gradients.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include "nn/autocast.h"

namespace couplet {

namespace {

/// The sum of all, each thread adding a part of the list.
std::vector<Tensor> sum_of(const std::vector<Gradients>& found, const SideBySide& threads) {
  const auto parts = even_parts(found[0].weights, threads.size());
  std::vector<std::vector<Tensor>> sums(parts.size());
  threads([&](int64_t i) {
    if (parts[i].size == 0) return;
    const auto part = [&](size_t k) { return parts[i].of(found[k].weights); };
    sums[i] = at::_foreach_add(part(0), part(1));  // not in place: two of a list may be one tensor
    for (size_t k = 2; k < found.size(); ++k) at::_foreach_add_(sums[i], part(k));
  });
  std::vector<Tensor> all;
  for (const auto& sum : sums) all.insert(all.end(), sum.begin(), sum.end());
  return all;
}

}  // namespace

Gradients differentiate(const std::function<Tensor(const Tensor& rows)>& loss, const Tensor& rows,
                        const std::vector<Tensor>& weights, const SideBySide& threads, bool bf16,
                        int64_t parts) {
  const auto of_part = [&](const Tensor& part) {
    Tensor value;
    {
      const Autocast autocast(bf16, rows.device().type());
      value = loss(part);
    }
    if (part.numel() < rows.numel()) {
      value = value * (static_cast<double>(part.numel()) / static_cast<double>(rows.numel()));
    }
    auto gradients = torch::autograd::grad({value}, weights, {}, {}, /*create_graph=*/false,
                                           /*allow_unused=*/true);
    for (size_t k = 0; k < weights.size(); ++k) {
      Tensor& gradient = gradients[k];
      gradient = gradient.defined() ? gradient.contiguous() : at::zeros_like(weights[k]);
    }
    return Gradients{value.detach(), std::move(gradients)};
  };

  const auto share = rows.tensor_split(threads.size());
  std::vector<Gradients> found(share.size());
  threads([&](int64_t i) {
    const auto part = share[i].tensor_split(std::min(parts, share[i].numel()));
    found[i] = of_part(part[0]);
    if (part.size() > 1) {  // of their own: two of a list may be one tensor
      for (Tensor& gradient : found[i].weights) gradient = gradient.clone();
    }
    for (size_t k = 1; k < part.size(); ++k) {
      const Gradients more = of_part(part[k]);
      found[i].loss = found[i].loss + more.loss;
      at::_foreach_add_(found[i].weights, more.weights);
    }
  });
  for (size_t i = 1; i < found.size(); ++i) found[0].loss = found[0].loss + found[i].loss;
  if (found.size() > 1) found[0].weights = sum_of(found, threads);
  return found[0];
}

}  // namespace couplet
