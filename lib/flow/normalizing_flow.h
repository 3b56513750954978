// Normalizing flows: invertible networks between data and noise.
#pragma once
#include <torch/nn/module.h>

#include "base/registry.h"
#include "base/space.h"

namespace couplet {

/// z like x; logdet (N): log |det dz/dx| in nats, summed over dimensions.
struct Encoded {
  Tensor z, logdet;
};

/// How noise is decoded. Guidance w acts on the log-scales and shifts of an autoregressive flow:
/// a <- a + w (a - a_null), likewise b (apple/ml-tarflow).
struct Decoding {
  double guidance = 0;      ///< w; 0: off, one evaluation instead of two
  std::string what = "ab";  ///< guided quantities: "a" log-scale, "b" shift, "ab" both
  bool annealed = true;     ///< w grows linearly along the sequence
  double temperature = 1;   ///< divides the attention logits of the null branch
  /// How many tokens of each block, in the order of blocks(), are solved at once by sweeps over all
  /// of them (Gauss-Seidel-Jacobi, arXiv 2505.12849); empty or 1: one token after the other.
  std::vector<int64_t> windows;
  double tolerance = 1e-4;  ///< sweeps end when they move no number of a share by more
};

/// One link of a flow's chain of invertible maps.
struct FlowBlock : torch::nn::Module {
  virtual Encoded encode(const Tensor& x, const Tensor& label) = 0;
  /// window: of Decoding::windows; sweeps: to be raised by the sweeps made, or null.
  virtual Tensor decode(const Tensor& z, const Tensor& label, const Decoding& how,
                        int64_t window = 1, int64_t* sweeps = nullptr) = 0;
  /// Steps that decoding takes one after the other where window is 1.
  virtual int64_t steps() const { return 1; }
};

struct NormalizingFlow : torch::nn::Module {
  /// Data to noise. x: (N, *shape), label: (N) int64, -1 = none.
  virtual Encoded encode(const Tensor& x, const Tensor& label) = 0;
  /// Noise to data: the inverse of encode where guidance is off and the module in evaluation mode.
  virtual Tensor decode(const Tensor& z, const Tensor& label, const Decoding& how = {}) = 0;
  /// The chain that encode goes along, from data to noise; data as its first link takes them, and
  /// noise as its last link decodes it.
  virtual std::vector<std::shared_ptr<FlowBlock>> blocks() const { return {}; }
  virtual Tensor arranged(const Tensor& x) const { return x; }
  virtual Tensor arranged_noise(const Tensor& z) const { return arranged(z); }
  /// A prior N(0, var) that is learned beside the weights: whether there is one, and a step of var
  /// towards the mean square of a batch's codes z. It counts in evaluation mode only; in training
  /// the prior is N(0, I), as published.
  virtual bool learns_prior() const { return false; }
  virtual void update_prior(const Tensor& z, double rate) { (void)z, (void)rate; }
};

/// log p(x) = log N(z; 0, I) + logdet, (N), nats; of x, or of what it was encoded to.
Tensor log_prob(const Encoded& encoded);
Tensor log_prob(NormalizingFlow& flow, const Tensor& x, const Tensor& label);

/// x + eta^2 d log p(x) / dx: Tweedie's estimate of the clean x behind x = clean + eta noise.
Tensor denoise(NormalizingFlow& flow, const Tensor& x, const Tensor& label, double eta);

/// make(options, space)
const Registry<NormalizingFlow, const Space&>& normalizing_flows();

}  // namespace couplet
