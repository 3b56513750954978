// Measures of samples against a reference.
#pragma once
#include "eval/summary.h"

namespace couplet {

/// One row of the table: the numbers it gives, by name; none where it does not apply.
struct Metric {
  std::string name, help;
  json (*measure)(const Summary& samples, const Summary& reference);
};
const std::vector<Metric>& metrics();

/// The numbers of all metrics with what must be said beside them: {"samples": path, "model", "nfe",
/// "fd", "energy", …, "rows", "non_finite", "sampling": {…}, "protocol": {"features", "reference",
/// "preprocessing", "version"}}. A Fréchet distance is called FD: only one in the features of the
/// FID Inception network is an FID.
/// Errors: samples and reference of different shapes; a reference in other features.
json measure(const Summary& samples, const Summary& reference);

}  // namespace couplet
