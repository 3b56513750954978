// All that measures need of a set of examples, made in one pass over its file.
#pragma once
#include <optional>

#include "eval/features.h"
#include "eval/frechet.h"
#include "io/run.h"

namespace couplet {

struct Summary {
  json about;      ///< path, kind, content, split, and the facts of the file: scale, solver, …
  json protocols;  ///< by extractor
  std::vector<int64_t> shape;
  int64_t rows = 0,
          non_finite = 0;  ///< rows read; those with a number that is not finite, left out
  std::map<std::string, Moments> moments;  ///< of the features, by extractor
  /// By extractor: (N, D) float where rows are kept, (N, K) logits where there are classes.
  Tensors features, logits;
  Tensor x;  ///< (N, D) float, on the run's device; undefined: from a statistics file
  mutable std::optional<double> spread;  ///< mean distance of two of its rows, once it is asked for
  Tensor label,
      predicted;    ///< (N) int64: asked for (-1: nothing), and given by a classifier or undefined
  Tensors columns;  ///< (N) each
  /// Of samples: (N) int64, the rows of the noise that they were made from, and all of them, (N,
  /// D); else undefined.
  Tensor noise_row, all;
  /// Of points of the plane: how many lie in each cell of kHistogram, (32, 32) int64; or undefined.
  Tensor histogram;
};

/// The square [-3, 3]^2, in 32 x 32 cells.
constexpr double kHistogramSide = 3;
constexpr int64_t kHistogramCells = 32;
/// Points (N, 2) by cell; those outside are left out.
Tensor counts_by_cell(const Tensor& points);

/// How files are read. split: of datasets; energy_rows: how many rows x keeps, evenly spaced (0:
/// all, or what 1 GiB holds); keep_rows: the features of each row; allow_non_finite: rows with a
/// number that is not finite are left out, with a warning, instead of an error.
struct SummaryOptions {
  std::string split = "test";
  int64_t batch = 512, energy_rows = 0;
  bool keep_rows = false, allow_non_finite = false;
  bool operator==(const SummaryOptions&) const = default;
  void describe(auto&& option) {
    option("batch", batch, "examples at a time");
    option(
        "energy_rows", energy_rows,
        "rows of each set in the energy distance and in sliced_w2, evenly spaced; 0: all, or what "
        "1 GiB holds");
    option("allow_non_finite", allow_non_finite,
           "rows with numbers that are not finite are left out, with a warning");
  }
};

/// Reads whatever open_source or read_statistics does. Of many processes each extracts the features
/// of a part of the rows; the lead's summary is that of all, the others' have moments alone.
/// Errors: other kinds; rows that are not finite; fewer than two rows; NothingKept.
/// Beside other extractors "pixels" is left out of examples of more than 1,024 numbers.
Summary summarise(const std::string& path, const Extractors& extractors,
                  const SummaryOptions& options, const Run& run);

/// n of the N rows of x, evenly spaced; all if n is 0 or not below N.
Tensor spaced_rows(const Tensor& x, int64_t n);

}  // namespace couplet
