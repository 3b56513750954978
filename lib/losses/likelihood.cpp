#include "losses/likelihood.h"

#include <ATen/ATen.h>

#include <cmath>

#include "flow/labels.h"

namespace couplet {

Tensor nll_per_dim(NormalizingFlow& flow, const Tensor& x, const Tensor& label) {
  return -log_prob(flow, x, label).mean() / x[0].numel();
}

Likelihood::Likelihood(const LikelihoodOptions& options, const Random& random)
    : options_(options), noise_(random.stream("eta")), drop_(random.stream("label drop")) {}

Tensor Likelihood::operator()(NormalizingFlow& flow, const Batch& batch, const Tensor& rows) const {
  const Tensor noise = noise_.normal(rows, batch.x.sizes().slice(1));
  const Tensor label = drop_labels(batch.label, options_.label_drop, drop_, rows);
  return nll_per_dim(flow, batch.x + options_.eta * noise, label);
}

double mean_nll(NormalizingFlow& flow, const Dataset& data, int64_t begin, int64_t end, double eta,
                const Random& noise, c10::Device device) {
  const at::NoGradGuard no_grad;
  constexpr int64_t batch = 256;
  Tensor sum = at::zeros({}, at::TensorOptions(at::kDouble).device(device));
  for (int64_t i = begin; i < end; i += batch) {
    const Tensor rows = row_range(i, std::min(end, i + batch));
    const Tensor x = data.examples(rows, device);
    const Tensor noised = x + eta * noise.normal(rows.to(device), data.space.shape);
    const Tensor label = data.labels.index_select(0, rows).to(device);
    sum += log_prob(flow, noised, label).sum(at::kDouble);
  }
  return -sum.item<double>() / static_cast<double>((end - begin) * data.space.dims());
}

double bits_per_dim(double nll_per_dim, double scale) {
  return (nll_per_dim - std::log(scale)) / std::log(2.0);
}

}  // namespace couplet
