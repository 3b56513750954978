// A step of diffusion: one block of local flow matching.
#pragma once
#include "flow/pairing.h"

namespace couplet {

struct OuStepOptions {
  double gamma = 0.1;
  bool dependent = true;
  int64_t blocks = 1;
  double rho = 1;
  void describe(auto&& option) {
    option("gamma", gamma, "time of the Ornstein-Uhlenbeck process dX = -X dt + sqrt 2 dW");
    option("dependent", dependent,
           "the diffused point is that of the same example; false: of another, drawn for it");
    option("blocks", blocks, "in a chain: so many blocks, one after the other");
    option("rho", rho, "each as many times as long as the one before");
  }
};

/// x0 = e^-gamma x + sqrt(1 - e^-2gamma) z with fresh z ~ N(0, I): x is x1 itself, or another
/// example (LFM, arXiv 2410.02548, whose clock runs the other way).
std::shared_ptr<Pairing> make_ou_step(const OuStepOptions& options, const PairingInputs& inputs);

/// The couplings of a chain's blocks, from data to noise: of one coupling, or of a list whose
/// ou-steps may stand for several blocks.
std::vector<json> one_each(const json& couplings);

}  // namespace couplet
