// Shards of one encoding, put together again.
#pragma once
#include "io/run.h"

namespace couplet {

/// Joins shards (nf-encode-couplings --shard i/n) into run.output: the same file, by its content
/// hash, as the encoding makes in one piece. Goes on where an interrupted run stopped.
/// Errors name the file: no shard; shards of different encodings; one missing, or there twice.
void merge_shards(const std::vector<std::string>& paths, const Run& run);

}  // namespace couplet
