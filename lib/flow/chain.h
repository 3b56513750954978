// Chains of velocity fields: local flow matching.
#pragma once
#include "flow/density.h"
#include "io/checkpoint.h"

namespace couplet {

/// Velocity fields, one a block, numbered from data to noise; each has a clock of its own, 0 on its
/// noise side, 1 on its data side (LFM, arXiv 2410.02548). One field alone is a chain of one.
using Chain = std::vector<LabelledVelocity>;

/// How a field carries points from the noise side of its block to the data side.
using Carry = std::function<Tensor(const Velocity& v, const Tensor& x0)>;
/// Noise to data: the last block first.
Tensor generate(const Chain& chain, const Carry& carry, Tensor x0, const Tensor& label);
/// Data to noise: the first block first, each along times that rise from 0 to 1, backwards.
Tensor push(const Chain& chain, const Solver& solver, Tensor x1, const Tensor& label,
            const std::vector<double>& times);
/// The same with its log-determinant, the sum of those of the blocks: log_prob(encode(…)) is
/// log p(x1).
Encoded encode(const Chain& chain, const Solver& solver, const Divergence& divergence,
               const Tensor& x1, const Tensor& label, const std::vector<double>& times);

/// The blocks in turn as one field on [0, 1]: of N blocks, block n has the times from (N - n) / N
/// on and runs N times as fast. Evaluates every block.
LabelledVelocity concatenated(const Chain& chain);

/// Throws where a checkpoint has fewer blocks than its schedule: data would come from no noise.
void require_whole(const Checkpoint& model);

}  // namespace couplet
