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
};

struct NormalizingFlow : torch::nn::Module {
  /// Data to noise. x: (N, *shape), label: (N) int64, -1 = none.
  virtual Encoded encode(const Tensor& x, const Tensor& label) = 0;
  /// Noise to data: the inverse of encode where guidance is off.
  virtual Tensor decode(const Tensor& z, const Tensor& label, const Decoding& how = {}) = 0;
};

/// log p(x) = log N(z; 0, I) + logdet, (N), nats.
Tensor log_prob(NormalizingFlow& flow, const Tensor& x, const Tensor& label);

/// x + eta^2 d log p(x) / dx: Tweedie's estimate of the clean x behind x = clean + eta noise.
Tensor denoise(NormalizingFlow& flow, const Tensor& x, const Tensor& label, double eta);

/// make(options, space)
const Registry<NormalizingFlow, const Space&>& normalizing_flows();

}  // namespace couplet
