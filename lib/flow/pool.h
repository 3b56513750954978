// The pool of a chain: the data where the blocks trained so far carry them.
#pragma once
#include "data/origin.h"
#include "flow/pairings/pushed.h"

namespace couplet {

/// How many blocks of a chain the x0 of a couplings file have passed; 0 of other files.
size_t blocks_passed(const Label& source);

/// Errors: pairs (a file) whose x0 have passed other blocks than the first ones of this chain (read
/// from the file from), a shard of them, or those of another average.
void check_passed(const std::string& pairs, const std::string& from, const Checkpoint& chain);

/// What new pairs are made from: origin_of(source, moved); or, where moved is a pool of the first
/// blocks of the chain in source, that pool and the other blocks.
Origin origin_of_pairs(const std::string& source, const std::string& moved);

/// The data of source where the first blocks of a model carry them, as the x0 of a couplings file
/// whose x1 are where they were before: source itself if it has passed as many; or
/// OUTPUT.partial/poolN.h5, which is written unless it is there, out of the pool of fewer blocks
/// that is there, and goes on where it was left. Leaves with Unfinished when the run is asked to
/// stop.
std::string pool(const Checkpoint& model, size_t blocks, const std::string& source,
                 const PushedOptions& how, const Run& run);

/// Removes the pool of so many blocks from the run's folder, which nothing more is made from.
void drop_pool(size_t blocks, const Run& run);

}  // namespace couplet
