// A chain in the making: its schedule, the blocks that it has, and those that remain.
#pragma once
#include "io/checkpoint.h"

namespace couplet {

/// Of what the blocks of a chain are made. schedule: the coupling of each, from data to noise.
struct ChainInputs {
  std::string from;  ///< a checkpoint with the first blocks, or empty
  std::string pairs;
  std::vector<json> schedule;
  std::string interpolant;
};

/// The blocks that a chain begins with: none, or those of inputs.from. Errors, each with what to
/// do: blocks of another schedule, interpolant or data; pairs that have passed other blocks than
/// these.
Checkpoint first_blocks(const ChainInputs& inputs);

/// How many blocks a command ends with: at most count more (0: the whole schedule).
size_t last_block(const Checkpoint& chain, const std::vector<json>& schedule, int64_t count);

/// Into how many maps the blocks of a student are distilled: count (0: one each). joins: whether
/// one map may take the place of several blocks. Errors: a count that does not divide the blocks;
/// pairs that are not the student's data.
size_t maps_of(const Checkpoint& student, const std::string& pairs, int64_t count, bool joins);

/// "block2", for logs and states; empty where there is one block alone.
std::string block_name(const std::string& noun, size_t block, size_t blocks);

/// This run with random numbers of its own for one block, and initial weights drawn by them; the
/// run as it is where the name is empty.
Run run_of_block(const Run& run, const std::string& name);

/// What the run had finished of a chain when it was stopped, if anything; and to note that.
Checkpoint taken_up(const Checkpoint& chain, const Run& run);
void keep(const Checkpoint& chain, const Run& run);

}  // namespace couplet
