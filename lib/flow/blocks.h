// A chain in the making: its schedule, the blocks that it has, and those that remain.
#pragma once
#include "base/options.h"
#include "flow/pairings/pushed.h"
#include "nn/backbone.h"

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

/// Of a map that nobody teaches.
struct UntaughtOptions {
  Component net{backbones(), "dit"};
  std::string interpolant = "linear";
  void describe(auto&& option) {
    option("net", net, "without a teacher: the network");
    option("interpolant", interpolant, "without a teacher: the path between noise and data");
  }
};
/// What a map begins as: the velocity field in the first of two files, with the average of a decay
/// (0: the first); or, of the pairs alone, a field with weights by the run's random numbers.
/// Errors: no teacher where one is needed; options without effect.
Checkpoint beginning(const std::vector<std::string>& files, bool needs_teacher,
                     const UntaughtOptions& untaught, double ema, const Run& run);

/// How a student is to be distilled: count maps (0: one for each block), on the pairs of a coupling
/// drawn from a file (data: where its dataset has moved). joins: by a loss that asks for the ends
/// alone, so that one map may take the place of several blocks.
struct MapPlan {
  json coupling;
  std::string pairs, data;
  int64_t count;
  bool joins;
  PushedOptions push;
};
/// Into how many maps. Errors: a count that does not divide the blocks; pairs that are not the
/// student's data; options without effect.
size_t maps_of(const Checkpoint& student, const MapPlan& plan);

/// Pairs for one map of a student: the coupling, the file that it draws from, and whether it starts
/// where that file's data were pushed.
struct BlockPairs {
  json coupling;
  std::string file;
  bool pushed;
};
/// The pairs for the map of the blocks first + 1 .. last: those of the plan; of a chain those that
/// the block was trained on; or, for a loss that needs the ends, where the blocks carry the data:
/// the pool of `last`, whose x1 is that of `first`, and which is therefore pushed from it.
BlockPairs pairs_of(const Checkpoint& student, const MapPlan& plan, size_t first, size_t last,
                    const Run& run);

/// "block2", for logs and states; empty where there is one block alone.
std::string block_name(const std::string& noun, size_t block, size_t blocks);

/// This run with random numbers of its own for one block; the run as it is where the name is empty.
Run run_of_block(const Run& run, const std::string& name);
/// The next network that is made draws its weights by the run's random numbers, whatever was made
/// before.
void seed_weights(const Run& run);

/// What the run had finished of a chain when it was stopped, if anything; and to note that, which
/// ends the need for the states of its training.
Checkpoint taken_up(const Checkpoint& chain, const Run& run);
void keep(const Checkpoint& chain, const Run& run);

}  // namespace couplet
