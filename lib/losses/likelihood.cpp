#include "losses/likelihood.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "flow/labels.h"

namespace couplet {

namespace {

constexpr int64_t rows_at_once = 256;

}  // namespace

Tensor nll_per_dim(NormalizingFlow& flow, const Tensor& x, const Tensor& label) {
  return -log_prob(flow, x, label).mean() / x[0].numel();
}

Likelihood::Likelihood(const LikelihoodOptions& options, const Dataset& data, const Random& random)
    : noised_(options.noise, options.eta, data),
      label_drop_(options.label_drop),
      noise_(random.stream("eta")),
      validation_(random.stream("validation")),
      drop_(random.stream("label drop")) {
  require_option(options.noise != "uniform" || options.eta == LikelihoodOptions().eta,
                 "option 'loss.eta' has no effect with uniform noise");
  require_option(label_drop_ >= 0 && label_drop_ < 1,
                 "option 'loss.label_drop' must be in [0, 1), found ", label_drop_);
}

Tensor Likelihood::operator()(NormalizingFlow& flow, const Batch& batch, const Tensor& rows) const {
  const Tensor label = drop_labels(batch.label, label_drop_, drop_, rows);
  return nll_per_dim(flow, noised_(batch.x, rows, noise_), label);
}

double Likelihood::mean(NormalizingFlow& flow, const Dataset& data, int64_t begin, int64_t end,
                        const Run& run) const {
  const at::NoGradGuard no_grad;
  const int64_t batches = (end - begin + rows_at_once - 1) / rows_at_once;
  const Tensor sums = at::zeros({batches}, at::TensorOptions(at::kDouble).device(run.device));
  for (int64_t b = run.group->rank(); b < batches; b += run.group->size()) {
    const int64_t first = begin + b * rows_at_once;
    const Tensor rows = row_range(first, std::min(end, first + rows_at_once));
    const Tensor row = rows.to(run.device);
    const Tensor x = noised_(data.examples(rows, run.device), row, validation_);
    const Tensor label = data.labels.index_select(0, rows).to(run.device);
    sums[b].copy_(log_prob(flow, x, label).sum(at::kDouble));
  }
  run.group->sum(sums);
  return -sums.sum().item<double>() / static_cast<double>((end - begin) * data.space.dims());
}

json Likelihood::measure(NormalizingFlow& flow, const Dataset& data, int64_t rows,
                         const Run& run) const {
  json numbers;
  const auto split = [&](const std::string& name, int64_t begin, int64_t end) {
    if (begin == end) return;
    const double nats = mean(flow, data, begin, std::min(end, begin + rows), run);
    numbers["nll_" + name] = nats;
    if (data.is_bytes()) numbers["bits_" + name] = bits(nats);
    if (data.space.shape.size() == 1) {
      numbers["nats_" + name] =
          (nats - data.scaling.log_scale()) * static_cast<double>(data.space.dims());
    }
  };
  split("train", 0, data.train);
  split("test", data.train, data.rows());
  if (numbers.contains("nll_test")) {
    numbers["gap"] = numbers["nll_test"].get<double>() - numbers["nll_train"].get<double>();
  }
  return numbers;
}

Tensor Likelihood::codes(NormalizingFlow& flow, const Dataset& data, const Tensor& rows,
                         c10::Device device) const {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (const Tensor& part : rows.split(rows_at_once)) {
    const Tensor x = noised_(data.examples(part, device), part.to(device), validation_);
    const Tensor label = data.labels.index_select(0, part).to(device);
    parts.push_back(flow.encode(x, label).z.cpu());
  }
  return at::cat(parts);
}

void Likelihood::learn_prior(NormalizingFlow& flow, const Dataset& data, c10::Device device) const {
  if (!flow.learns_prior()) return;
  const at::NoGradGuard no_grad;
  const bool training = flow.is_training();
  flow.train();
  for (int64_t step = 0; step < 64; ++step) {  // a running mean over 64 batches
    const Tensor draws = row_range(step * rows_at_once, (step + 1) * rows_at_once);
    const Tensor rows = draws.remainder(data.train);
    const Tensor x = noised_(data.examples(rows, device), draws.to(device), validation_);
    const Tensor label = data.labels.index_select(0, rows).to(device);
    flow.update_prior(flow.encode(x, label).z, 1.0 / static_cast<double>(step + 1));
  }
  flow.train(training);
}

double Likelihood::bits(double nll_per_dim) const {
  return (nll_per_dim - std::log(noised_.level())) / std::log(2.0);
}

}  // namespace couplet
