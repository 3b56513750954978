// Maximum likelihood of a normalizing flow on noised data.
#pragma once
#include "data/batches.h"
#include "flow/normalizing_flow.h"

namespace couplet {

/// Mean over batch and dimensions of -log p(x): nats per dimension.
Tensor nll_per_dim(NormalizingFlow& flow, const Tensor& x, const Tensor& label);

struct LikelihoodOptions {
  double eta = 0.1, label_drop = 0.1;
  void describe(auto&& option) {
    option("eta", eta, "standard deviation of the noise added to the data");
    option("label_drop", label_drop, "share of the labels dropped, for guidance");
  }
};

/// Noises the data and drops labels by row, then takes the loss (TarFlow, arXiv 2412.06329).
class Likelihood {
 public:
  Likelihood(const LikelihoodOptions& options, const Random& random);
  Tensor operator()(NormalizingFlow& flow, const Batch& batch, const Tensor& rows) const;

 private:
  LikelihoodOptions options_;
  Random noise_, drop_;
};

/// Nats per dimension of the rows [begin, end) of a dataset, noised as in training; no gradient.
double mean_nll(NormalizingFlow& flow, const Dataset& data, int64_t begin, int64_t end, double eta,
                const Random& noise, c10::Device device);

/// Bits per dimension of data stored in steps of width scale (one grey level), out of nats.
double bits_per_dim(double nll_per_dim, double scale);

}  // namespace couplet
