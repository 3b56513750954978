// Pairs as rows of a file: what nf-encode-couplings writes.
#pragma once
#include "flow/pairing.h"
#include "io/rows.h"

namespace couplet {

struct EncodeOptions {
  int64_t draws = 1, batch = 256;
  bool flip = false;
  std::string storage = "f32";
  void describe(auto&& option) {
    option("draws", draws, "pairs an example (K)");
    option("batch", batch, "pairs made at once");
    option("flip", flip, "mirror half of the images left to right, before they are paired");
    option("storage", storage, "numbers of x0: f32, bf16 or f16");
  }
};

/// Throws BadOption for options that cannot be.
void check(const EncodeOptions& options);

/// Part i of n of a file's rows.
struct Shard {
  int64_t number = 0, of = 1;
};
/// "0/4": the first of four; "": the whole. Errors: BadOption.
Shard read_shard(const std::string& given);

/// Which pairs a file holds: row r the numbers r K .. r K + K - 1, for r in [begin, end) of rows.
/// A pairing that keeps its examples has a row for each example, with K draws of noise; one that
/// chooses them has a row for each pair.
struct PairLayout {
  int64_t rows = 0, K = 1, begin = 0, end = 0;
};
PairLayout layout_of(const Pairing& pairing, int64_t examples, const EncodeOptions& options,
                     const Shard& shard);

/// What a file says of itself as a shard: number, of; rows begin .. end - 1 of rows; the seed.
json about(const Shard& shard, const PairLayout& layout, const Run& run);

/// The columns of a couplings file: x1, label, source, x0, flip, log_p, norm2 (see docs/files.md).
std::vector<Column> pair_columns(const Batches& batches, const EncodeOptions& options,
                                 const PairLayout& layout);

/// What a couplings file says: what its data hand on, what the pairing tells, space and clock.
json pair_facts(const Dataset& data, const Pairing& pairing);

/// Makes the pairs that the file still lacks, each process its share of them, and notes the largest
/// error of their plans' marginals with them. Leaves with Unfinished when the run is asked to stop.
void encode_rows(const Pairing& pairing, const Batches& batches, const EncodeOptions& options,
                 const PairLayout& layout, const Run& run, RowFile& file);

}  // namespace couplet
