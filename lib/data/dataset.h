// Examples: a dataset file, or rows of any of our files that hold x.
#pragma once
#include "base/space.h"
#include "io/run.h"
#include "io/scaling.h"

namespace couplet {

/// A dataset file, mapped. Rows [0, train) are the train split, [train, rows) the test split.
struct Dataset {
  std::string path;
  Label label;
  Space space;
  Scaling scaling;
  Tensor x;       ///< (M, *shape), uint8 or float, as stored (not to be written to)
  Tensor labels;  ///< (M) int64, -1 where there is none
  int64_t train = 0;

  int64_t rows() const { return x.size(0); }
  bool is_bytes() const;
  /// The scaled examples of the rows (N) given, on a device: (N, *shape) float.
  Tensor examples(const Tensor& rows, c10::Device device = c10::kCPU) const;
};

/// Rows of one split: "train", "test" or "all", as [begin, end). Errors: no such split; it is
/// empty.
std::pair<int64_t, int64_t> split_rows(const Dataset& data, const std::string& split);
/// The same of whatever has so many rows, the first of them for training.
std::pair<int64_t, int64_t> split_rows(const std::string& path, int64_t train, int64_t rows,
                                       const std::string& split);

/// The first count rows of the test split, of the train split where there is none, (N) int64.
Tensor held_out_rows(const Dataset& data, int64_t count);

/// Opens a dataset file. Errors: as open_artifact; numbers that are not finite.
Dataset open_dataset(const std::string& path);

/// What goes into a dataset file. x uint8 or float32 (M, *shape); labels (M) or undefined.
struct DatasetContents {
  Array x;
  Tensor labels;
  int64_t classes = 0, train = 0;
  Scaling scaling;
  json facts = json::object();  ///< source, its hash, licence, steps: what was done to it
  Tensors columns;              ///< more numbers a row, each (M): "source_row"
};
/// Writes run.output, some rows at a time, and goes on where an interrupted run stopped.
/// Errors: numbers that are not finite, labels outside [-1, classes), a train split that is no
/// part; rows of an interrupted run that were of other contents.
void write_dataset(const Run& run, const DatasetContents& contents,
                   const std::vector<Label>& parents = {});

}  // namespace couplet
