// Maximum likelihood of a normalizing flow on noised data.
#pragma once
#include "data/batches.h"
#include "data/noising.h"
#include "flow/normalizing_flow.h"

namespace couplet {

/// Mean over batch and dimensions of -log p(x): nats per dimension.
Tensor nll_per_dim(NormalizingFlow& flow, const Tensor& x, const Tensor& label);

struct LikelihoodOptions {
  std::string noise = "gaussian";
  double eta = 0.1, label_drop = 0.1;
  void describe(auto&& option) {
    option("noise", noise,
           "added to the data: gaussian, or uniform within a grey level, for bits per dimension");
    option("eta", eta, "standard deviation of Gaussian noise");
    option("label_drop", label_drop, "share of the labels dropped, for guidance");
  }
};

/// Noises the data and drops labels by row, then takes the loss (TarFlow, arXiv 2412.06329).
class Likelihood {
 public:
  /// Errors: BadOption; uniform noise on data that are not bytes.
  Likelihood(const LikelihoodOptions& options, const Dataset& data, const Random& random);
  Tensor operator()(NormalizingFlow& flow, const Batch& batch, const Tensor& rows) const;

  /// Nats per dimension of the rows [begin, end) of a dataset, noised as in training but by other
  /// draws; no gradient. The run's processes share them; how many these are changes no bit.
  double mean(NormalizingFlow& flow, const Dataset& data, int64_t begin, int64_t end,
              const Run& run) const;
  /// The means over the first rows of each split: "nll_train", "nll_test", their "gap" (a flow that
  /// has learnt its examples by heart gives bad codes); of bytes "bits_…"; of vectors "nats_…",
  /// summed over dimensions in the units of the stored numbers.
  json measure(NormalizingFlow& flow, const Dataset& data, int64_t rows, const Run& run) const;
  /// Codes (N, *shape) of the rows (N) given, noised as for mean(); what the prior is compared to.
  Tensor codes(NormalizingFlow& flow, const Dataset& data, const Tensor& rows,
               c10::Device device) const;
  /// What nats per dimension are in bits of the stored bytes, each spread over the width of its
  /// grey level: with uniform noise a bound on the code length of the bytes themselves.
  double bits(double nll_per_dim) const;
  /// Learns the prior of a flow that has one, from the train split.
  void learn_prior(NormalizingFlow& flow, const Dataset& data, c10::Device device) const;
  /// The standard deviation of the noise, 0 for uniform noise: what the next tool adds.
  double eta() const { return noised_.eta(); }

 private:
  Noising noised_;
  double label_drop_;
  Random noise_, validation_, drop_;
};

}  // namespace couplet
