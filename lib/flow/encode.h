// Pairs as rows of a file: what nf-encode-couplings writes.
#pragma once
#include "data/dataset.h"
#include "flow/pairing.h"
#include "io/rows.h"

namespace couplet {

struct EncodeOptions {
  int64_t draws = 1, batch = 256;
  bool flip = false;
  std::string storage = "f32";
  void describe(auto&& option) {
    option("draws", draws, "pairs an example (K)");
    option("batch", batch, "pairs encoded at once");
    option("flip", flip, "mirror half of the images left to right, before they are encoded");
    option("storage", storage, "numbers of x0: f32 or f16");
  }
};

/// The columns of a couplings file: x1, label, source, x0, flip, log_p, norm2 (see docs/files.md).
std::vector<Column> pair_columns(const Dataset& data, const EncodeOptions& options);

/// Encodes the train split, from the row where the file stands to its end. Leaves with Unfinished
/// when the run is asked to stop.
void encode_rows(const Pairing& pairing, const Dataset& data, const EncodeOptions& options,
                 const Run& run, RowFile& file);

}  // namespace couplet
