// Pieces of one file, put together again.
#pragma once
#include "io/run.h"

namespace couplet {

/// Joins the pieces of one file into run.output: the same file, by its content hash, as is made in
/// one piece. Goes on where an interrupted run stopped. Pieces are the shards of couplings
/// (nf-encode-couplings --shard i/n), or samples of one seed and model whose rows follow one
/// another (sample --rows A-B; of what depends on the batch, as the steps of an adaptive solver,
/// the same where they were cut between batches; the fact "decoding" is that of the first). Errors
/// name the file: no piece; pieces of different files, with what they differ in; one missing, or
/// there twice.
void merge_pieces(const std::vector<std::string>& paths, const Run& run);

}  // namespace couplet
