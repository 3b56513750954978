// What tells of a sample's path and its teacher: further columns of a samples file.
#pragma once
#include "flow/sampling.h"

namespace couplet {

struct ColumnOptions {
  bool curvature = false, straightness = false, pair_distance = false, semigroup = false,
       round_trip = false, path = false;
  void describe(auto&& option) {
    option("curvature", curvature, "a column with the curvature of each sample's path");
    option("straightness", straightness,
           "a column with rectified flow's S, which is the curvature as a sum over dimensions");
    option("pair_distance", pair_distance,
           "a column with the root mean square of x - x1, how near a student is to the teacher "
           "that made the couplings given as --noise");
    option("semigroup", semigroup,
           "of a map: a column with the root mean square of phi_{0,1} - phi_{1/2,1} phi_{0,1/2}");
    option("round_trip", round_trip,
           "a column with the root mean square of encode(x) - x0, back over the same times");
    option(
        "path", path,
        "a dataset with each sample's way from noise to data: where it is after each step or jump");
  }
};

/// The columns asked for; generator (of the model) and requests have to live as long. Errors:
/// BadOption where there is no velocity field, or no couplings that x0 is from; couplings of other
/// data than the model's.
std::map<std::string, ColumnOf> columns(const ColumnOptions& options, const Generator& generator,
                                        const Requests& requests, const Checkpoint& model);

/// Whether a column holds root mean squares, whose own root mean square is that of all rows.
bool holds_rms(const std::string& column);

/// The mean of a column.
double mean_of(const h5::File& samples, const std::string& column);

}  // namespace couplet
