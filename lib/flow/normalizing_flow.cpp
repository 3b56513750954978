#include "flow/normalizing_flow.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "flow/flows/spline.h"
#include "flow/flows/tarflow.h"

namespace couplet {

Tensor log_prob(const Encoded& encoded) {
  const auto& [z, logdet] = encoded;
  const Tensor energy = 0.5 * z.flatten(1).square().sum(1);
  return logdet - energy - 0.5 * std::log(2 * M_PI) * c10::multiply_integers(z.sizes().slice(1));
}

Tensor log_prob(NormalizingFlow& flow, const Tensor& x, const Tensor& label) {
  return log_prob(flow.encode(x, label));
}

Tensor denoise(NormalizingFlow& flow, const Tensor& x, const Tensor& label, double eta) {
  const at::AutoGradMode with_grad(true);
  const Tensor leaf = x.detach().requires_grad_();
  const Tensor total = log_prob(flow, leaf, label).sum();
  const Tensor score = torch::autograd::grad({total}, {leaf})[0];
  return x + eta * eta * score;
}

const Registry<NormalizingFlow, const Space&>& normalizing_flows() {
  static const Registry<NormalizingFlow, const Space&> table(
      "normalizing flow",
      {
          {"tarflow", "causal transformers over patches, alternating directions (2412.06329)",
           make_tarflow},
          {"spline", "for vectors: coupling layers of rational-quadratic splines (1906.04032)",
           make_spline},
      });
  return table;
}

}  // namespace couplet
