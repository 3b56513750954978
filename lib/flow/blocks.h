// Models whose blocks are trained one after another: their names, their random numbers, and those
// that are finished.
#pragma once
#include "io/checkpoint.h"

namespace couplet {

/// "block2", for logs and states; empty where there is one block alone.
std::string block_name(const std::string& noun, size_t block, size_t blocks);

/// This run with random numbers of its own for one block; the run as it is where the name is empty.
Run run_of_block(const Run& run, const std::string& name);
/// The next network that is made draws its weights by the run's random numbers, whatever was made
/// before.
void seed_weights(const Run& run);

/// What the run had finished of a model when it was stopped, if anything; else the model as it is.
Checkpoint taken_up(const Checkpoint& model, const Run& run);
/// Puts a trained block at the model's end, with the numbers of its training. Of a block that is
/// not the last of all so many the model is kept, which ends the need for the training's states.
void add(Checkpoint& model, Block block, const json& numbers, const std::string& name, size_t all,
         const Run& run);

}  // namespace couplet
