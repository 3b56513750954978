// How good a coupling is, from its file.
#pragma once
#include "base/space.h"
#include "io/hdf5.h"
#include "io/scaling.h"

namespace couplet {

/// A summary of the pairs of a file (x1, x0, source, flip where there is one; see docs/files.md),
/// read a few rows at a time. Distances are means over dimensions. An object with
///   transport_cost: E (x1 - x0)^2, independent_cost: what the same x0 and x1 have when they know
///   nothing of each other, transport_share: the one over the other;
///   linear_loss, linear_share: that of the best linear field (eval/linear_field.h), and over that
///   of the independent coupling: low where paths are straight (up to 1024 dimensions);
///   examples: of the train split, used: the share of them that pairs have, most_used: the most
///   pairs of one example, data_error: sum |share of pairs - 1 / examples| / 2, 0 where all are
///   used alike.
/// examples: rows of the train split.
json pair_quality(const h5::File& file, const Scaling& scaling, int64_t examples);

/// The facts of a couplings file with "quality" (the above) and "gaussianity" (of the first draws)
/// added, which depend on the rows alone, not on how they came to be. facts: shape, classes,
/// scale, shift.
json assessed(const h5::File& file, json facts, int64_t examples);

}  // namespace couplet
