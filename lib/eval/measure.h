// Samples against a reference: what is measured of them, and what is said beside it.
#pragma once
#include "eval/metric.h"

namespace couplet {

/// Errors: BadOption, for metrics that there are not, numbers that cannot be, options without
/// effect, those of reading the rows too.
void check(const MeasureOptions& options, const SummaryOptions& read = {});

/// Whether a metric is asked for: named or with "all", or one of the quick ones where none is
/// named.
bool asks(const MeasureOptions& options, const std::string& metric);

/// Whether what is asked for reads the features of each row, which summaries then have to keep.
bool reads_rows(const MeasureOptions& options);

/// The numbers of the metrics with what must be said beside them: {"samples": path, "model", "nfe",
/// "fd", "energy", …, "rows", "non_finite", "sampling": {…}, "protocol": {"features", "reference",
/// "metrics", "version", "cautions"}}. A Fréchet distance is called "fid" in the features of the
/// FID's own network alone, "fd" in others; so "kid" and "kd". Errors: samples and reference of
/// different shapes; a reference in other features; a metric that was named and does not apply.
json measure(const Summary& samples, const Summary& reference, const MeasureOptions& options = {},
             const Random& random = Random(0));

}  // namespace couplet
