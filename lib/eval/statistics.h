// Moments of features as files.
#pragma once
#include "eval/summary.h"

namespace couplet {

/// Whether a file holds moments: our statistics, or an npz with "mu" and "sigma" (pytorch-fid,
/// ADM); not an npz that has samples too (ADM's arr_0) where rows are asked for.
bool holds_statistics(const std::string& path, bool rows = false);

/// The moments as a summary without rows. An npz does not tell of which features its moments are:
/// those of the extractor given by name (none: of pixels), as the caller says. Errors: sizes that
/// do not fit.
Summary read_statistics(const std::string& path, const Extractors& extractors, const Run& run);

/// Joins statistics files of parts of one set (shards of samples) into that of the whole, as the
/// run's output. Errors: other kinds; another shape, or features that were not made alike.
void merge_statistics(const std::vector<std::string>& paths, const Run& run);

/// Errors: BadOption, an output whose ending is neither .h5 nor .npz.
void check_statistics_name(const std::string& output);

/// Writes moments of features as the run's output, for use as a reference: our file (mean,
/// covariance, count by extractor); or, where its name ends in .npz, "mu" and "sigma" of the one
/// extractor beside pixels (of pixels where there is none), as pytorch-fid reads them. made_from:
/// files, whose labels our file keeps.
void write_statistics(const Run& run, const Summary& summary,
                      const std::vector<std::string>& made_from);

}  // namespace couplet
