// What is done to examples on their way into a dataset; each step is noted in the facts' "steps".
#pragma once
#include "base/random.h"
#include "data/dataset.h"

namespace couplet {

/// Examples (M, *shape). Where a row has one number more and there are no labels, its last is the
/// label.
void reshape(DatasetContents& data, const std::vector<int64_t>& shape);

/// Whole numbers 0 .. range (at most 255) as bytes, which become -1 .. 1.
void to_range(DatasetContents& data, int64_t range);

/// Zeros (as stored) around images (M, C, H, W), evenly, to size x size.
void pad_images(DatasetContents& data, int64_t size);

/// Means over size x size pixels of images; bytes are rounded, half to even.
void pool_images(DatasetContents& data, int64_t size);

/// Permutes the rows and leaves the last ceil(fraction M) for testing; the column "source_row" says
/// where each row was.
void split_off_test(DatasetContents& data, double fraction, const Random& random);

/// A scaling for each column, by which it has mean 0 and standard deviation 1 over the train split;
/// the stored numbers stay as they are.
void standardise(DatasetContents& data);

// What is done to x is done as its rows are read (standardise reads all of the train split).
// Errors of all, then or at once: BadOption where the examples are not of the kind, or the number
// is not possible.

}  // namespace couplet
