// Samples as rows of a file: what sample writes.
#pragma once
#include "data/dataset.h"
#include "flow/generator.h"
#include "flow/requests.h"
#include "io/rows.h"

namespace couplet {

/// A batch of samples x (N, *shape), what they were made of, and their rows (N).
struct Made {
  Tensor x0, label, row, x;
};
/// A column of a samples file: numbers a row, of the shape given.
struct ColumnOf {
  std::function<Tensor(const Made& made)> measure;
  std::vector<int64_t> shape = {};
  Tensor operator()(const Made& made) const { return measure(made); }
};

/// Errors: BadOption, rows without a label asked of a model that knows nothing of no label, or
/// guidance for such rows alone.
void check_labels(const Requests& requests, const SampleRows& rows, const SamplingOptions& options,
                  const Checkpoint& model);

/// Generates the rows the file still lacks, batch by batch, each process its own; x as bytes, or in
/// the units of the data's file. Errors: numbers that are not finite, of bytes; of floats a
/// warning. Of an adaptive solver a column "nfe" too. Returns how a flow was decoded by sweeps
/// (null: it was not): found by a trial on the first batch, and kept with the rows, so that an
/// interrupted run goes on with it.
json sample_rows(const Generator& generator, const Requests& requests, const SampleRows& rows,
                 int64_t batch, const Scaling& scaling, bool as_bytes,
                 const std::map<std::string, ColumnOf>& columns, const Run& run, RowFile& file);

}  // namespace couplet
