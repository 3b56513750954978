// Optimal transport between as many noises as examples.
#pragma once
#include "flow/pairings/grouped.h"

namespace couplet {

struct MinibatchOtOptions : GroupOptions {
  MinibatchOtOptions() : GroupOptions{.n = 256} {}
};

/// The permutation of n noises that is nearest to n examples in sum |x0 - x1|^2, exactly (Tong et
/// al., 2302.00482; Pooladian et al., 2304.14772). Both marginals are exact, but for a file's last
/// group where n does not divide its rows; the coupling of small n is biased towards the
/// independent one.
std::shared_ptr<Pairing> make_minibatch_ot(const MinibatchOtOptions& options,
                                           const PairingInputs& inputs);

}  // namespace couplet
