// Entropic optimal transport between many noises and examples.
#pragma once
#include "flow/pairings/grouped.h"
#include "transport/sinkhorn.h"

namespace couplet {

struct SinkhornOptions : GroupOptions {
  Sinkhorn plan;
  SinkhornOptions() : GroupOptions{.n = 0} { plan.epsilon = 0.01; }
  void describe(auto&& option) {
    GroupOptions::describe(option);
    plan.describe(option);
  }
};

/// For each of n noises one example drawn from its row of the entropic plan between n noises and n
/// examples (Zhang et al., 2506.05526): the noise is exact, each example comes once on average.
std::shared_ptr<Pairing> make_sinkhorn(const SinkhornOptions& options, const PairingInputs& inputs);

}  // namespace couplet
