// The table of measures of samples against a reference.
#pragma once
#include "base/random.h"
#include "eval/summary.h"

namespace couplet {

struct MeasureOptions {
  std::vector<std::string> metrics;
  int64_t kid_subsets = 100, kid_size = 1000, neighbours = 3, parts = 10, directions = 128;
  int64_t bootstrap = 0;
  void describe(auto&& option) {
    option(
        "metrics", metrics,
        "which, as fd,kid,precision,inception_score,sliced_w2,nearest; or all; the quick ones if "
        "empty");
    option("kid_subsets", kid_subsets, "of kid: how many subsets of the rows; 0: all rows at once");
    option("kid_size", kid_size, "of kid: rows of each subset");
    option("neighbours", neighbours, "of precision, recall, density and coverage: k");
    option("parts", parts, "of inception_score: of how many parts of the rows the mean is taken");
    option("directions", directions, "of sliced_w2");
    option("bootstrap", bootstrap,
           "of fd: rows drawn so many times with replacement, for an interval of 95 %");
  }
};

/// Samples, and what they are measured against.
struct Comparison {
  const Summary &samples, &reference;
  const MeasureOptions& options;
  const Random& random;
};
/// One row of the table; it gives numbers by name, none where it does not apply. needs: what it
/// applies to, as the end of "needs …".
struct Metric {
  std::string name, help, needs;
  bool quick;  ///< measured where no metrics are named
  bool rows;   ///< reads the features of each row
  json (*measure)(const Comparison& c);
};
const std::vector<Metric>& metrics();

}  // namespace couplet
