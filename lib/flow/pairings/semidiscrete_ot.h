// Optimal transport from the normal law to the examples.
#pragma once
#include "flow/pairing.h"
#include "transport/semidiscrete.h"

namespace couplet {

struct SemidiscreteOtOptions {
  Semidiscrete ascent;
  bool mixed = false;
  void describe(auto&& option) {
    ascent.describe(option);
    option("mixed", mixed, "one plan for all classes instead of one for each");
  }
};

/// Each noise goes to the example j = argmax g_j + <x0, x1_j>, of its class; the potentials g come
/// from an averaged stochastic ascent (Mousavi-Hosseini et al., 2509.25519), and chi^2 tells how
/// unevenly they use the examples. The noise is exact. Mirrored examples are points of their own.
/// All examples are held in memory as floats, and those of a class twice more while its potentials
/// are found. An interrupted ascent goes on where it was. From earlier pairs that hold the
/// potentials no ascent is made.
/// Errors: earlier pairs without potentials, or mixed otherwise; Unfinished when the run is asked
/// to stop.
std::shared_ptr<Pairing> make_semidiscrete_ot(const SemidiscreteOtOptions& options,
                                              const PairingInputs& inputs);

}  // namespace couplet
