// Parallel decoding: which blocks of a flow to solve by sweeps over many tokens at once.
#pragma once
#include "flow/normalizing_flow.h"

namespace couplet {

/// Errors: BadOption where a flow decodes all at once, so that there are no steps to save.
void require_steps(const NormalizingFlow& flow);

/// A trial of parallel decoding (Gauss-Seidel-Jacobi, arXiv 2505.12849) on one batch.
struct DecodingPlan {
  Decoding how;  ///< as given, with windows and the sweeps' tolerance
  /// For people and files: "windows", "tolerance"; where there are windows the "sweeps" made in
  /// each block, the "sweep_tolerance" at which they stop, the largest distance to decoding token
  /// by token found ("error"), and how many times faster it was ("speed").
  json report;
};

/// Chooses each block's window by trial on z (N, *shape): sweeps are counted on a few rows, one
/// sweep is timed on all. Where always is false, a block stays token by token unless sweeps promise
/// to be a tenth faster, and all do unless they were. tolerance: the largest distance to decoding
/// token by token that any number may have; that of the sweeps is lowered until the trial keeps
/// half of it; where none does, decoding stays token by token. Errors: as require_steps.
DecodingPlan plan_decoding(NormalizingFlow& flow, const Tensor& z, const Tensor& label,
                           const Decoding& how, double tolerance, bool always);

}  // namespace couplet
