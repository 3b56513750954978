// Where a velocity field carries the data.
#pragma once
#include "flow/pairing.h"

namespace couplet {

struct PushedOptions {
  std::string solver = "rk4";
  int64_t steps = 20;
  void describe(auto&& option) {
    option("solver", solver, "of dx/dt = v(x, t), from data to noise");
    option("steps", steps, "its steps in each block");
  }
};

/// Errors: BadOption, a solver that chooses its steps, no steps.
void check(const PushedOptions& options);

/// x0 = where the blocks of a velocity field carry x1, by their averaged weights: the pool of the
/// next block of a chain (LFM, arXiv 2410.02548), the pairs of a reflow. Facts: "blocks", how many
/// they were, and "chain", the content of their file.
/// Errors: no velocity field.
std::shared_ptr<Pairing> make_pushed(const PushedOptions& options, const PairingInputs& inputs);

}  // namespace couplet
