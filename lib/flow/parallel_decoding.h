// Parallel decoding: which blocks of a flow to solve by sweeps over many tokens at once.
#pragma once
#include "flow/normalizing_flow.h"

namespace couplet {

/// Errors: BadOption where a flow decodes all at once, so that there are no steps to save.
void require_steps(const NormalizingFlow& flow);

/// A trial of parallel decoding (Gauss-Seidel-Jacobi, arXiv 2505.12849) on one batch.
struct DecodingPlan {
  Decoding how;  ///< as given, with windows and the sweeps' tolerance
  /// For people and files: windows and sweeps of each block, the largest distance found to decoding
  /// token by token, and how many times faster this promised to be.
  json report;
};

/// Chooses each block's window by trial on z (N, *shape): sweeps are counted on a few rows, one
/// sweep is timed on all, so that a trial costs about three decodings. Where always is false, a
/// block stays token by token unless sweeps promise to be a tenth faster. how.tolerance: the
/// largest distance to decoding token by token that any number may have; the sweeps' own tolerance
/// is lowered until the trial keeps half of it.
DecodingPlan plan_decoding(NormalizingFlow& flow, const Tensor& z, const Tensor& label,
                           const Decoding& how, bool always);

}  // namespace couplet
