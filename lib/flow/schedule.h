// The schedule of a chain: what each of its blocks is fitted to.
#pragma once
#include "flow/pairings/pushed.h"

namespace couplet {

/// Of what the blocks of a chain are made. schedule: the coupling of each, from data to noise.
struct ChainInputs {
  std::string from;  ///< a checkpoint with the first blocks, or empty
  std::string pairs;
  std::vector<json> schedule;
  std::string interpolant;
};

/// The coupling of each block, as given; or where none is given and a chain is gone on with, that
/// chain's.
std::vector<json> schedule_of(const Components& coupling, const std::string& from);

/// The blocks that a chain begins with: none, or those of inputs.from. Errors, each with what to
/// do: a block after one that ends at noise; blocks of another schedule, interpolant or data; pairs
/// that have passed other blocks than these.
Checkpoint first_blocks(const ChainInputs& inputs);

/// "independent" where a coupling draws noise independently of the data of a file, which stochastic
/// samplers need; else "coupled".
std::string law_of_pairs(const json& coupling, const std::string& pairs);

/// How the blocks of a chain are to be trained.
struct ChainPlan {
  bool warm;           ///< from the weights of the block before
  PushedOptions push;  ///< how data are carried through the blocks before
  json net;
};
/// Errors, before any block is trained: options without effect on a student of one block; a solver
/// that cannot push; a network that cannot start from the one before it; a path whose ends do not
/// meet. Warnings: a schedule that ends before noise; a velocity without bound.
void check_chain(const Checkpoint& chain, const std::vector<json>& schedule, const ChainPlan& plan,
                 const Run& run);

/// How many blocks a command ends with: at most count more (0: the whole schedule).
size_t last_block(const Checkpoint& chain, const std::vector<json>& schedule, int64_t count);

}  // namespace couplet
