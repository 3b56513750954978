// Where a flow map carries the data.
#pragma once
#include "flow/pairing.h"
#include "flow/time_grid.h"

namespace couplet {

struct JumpedOptions {
  GridOptions grid;
  double guidance = 0;
  void describe(auto&& option) {
    grid.describe(option);
    option("guidance", guidance, "of a map that knows a range of scales: one of them");
  }
};

/// x0 = where the jumps of a flow map carry x1 from data back to noise, by its averaged weights:
/// codes in as few evaluations as its samples take. Facts: "solver", "steps", "guidance".
/// Errors: no flow map, or one that was not distilled to encode.
std::shared_ptr<Pairing> make_jumped(const JumpedOptions& options, const PairingInputs& inputs);

}  // namespace couplet
