// Measures of samples against a reference.
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

/// One row of the table: the numbers it gives, by name; none where it does not apply.
struct Comparison {
  const Summary &samples, &reference;
  const MeasureOptions& options;
  const Random& random;
};
struct Metric {
  std::string name, help, needs;
  bool quick;  ///< measured where no metrics are named
  bool rows;   ///< reads the features of each row
  json (*measure)(const Comparison& c);
};
const std::vector<Metric>& metrics();

/// Whether what is asked for reads the features of each row, which summaries then have to keep.
/// Errors: BadOption, for metrics that there are not, numbers that cannot be, options without
/// effect.
bool reads_rows(const MeasureOptions& options);

/// The numbers of the metrics with what must be said beside them: {"samples": path, "model", "nfe",
/// "fd", "energy", …, "rows", "non_finite", "sampling": {…}, "protocol": {"features", "reference",
/// "metrics", "version", "cautions": sentences on what a distance tells beside the samples'
/// quality}}. A Fréchet distance is called "fid" in the features of the FID's own network alone,
/// "fd" in others; so "kid" and "kd". Errors: samples and reference of different shapes; a
/// reference in other features; a metric that was named and does not apply.
json measure(const Summary& samples, const Summary& reference, const MeasureOptions& options = {},
             const Random& random = Random(0));

}  // namespace couplet
