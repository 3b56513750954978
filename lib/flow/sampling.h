// Samples as rows of a file: what sample writes.
#pragma once
#include "data/dataset.h"
#include "flow/generator.h"
#include "io/rows.h"

namespace couplet {

/// Rows [begin, end) of the samples of a seed: the same noise whatever the model.
struct SampleRows {
  int64_t begin = 0, end = 0;
};
/// "0-9999" (the last row included) or "9999". Errors: BadOption.
SampleRows parse_rows(const std::string& given);

/// What is asked for, by row: noise by the run's seed; classes in turn ("each"), "none", or one
/// ("3").
class Requests {
 public:
  Requests(const Space& space, const std::string& label, const Random& noise);
  Tensor x0(const Tensor& rows) const;
  Tensor labels(const Tensor& rows) const;

 private:
  Space space_;
  bool each_;
  int64_t label_ = -1;
  Random noise_;
};

/// A number a row, of the noise and the sample it became: the columns of a samples file.
using ColumnOf = std::function<Tensor(const Tensor& x0, const Tensor& label)>;

/// Generates the rows the file still lacks, batch by batch; x is stored as bytes where storage is
/// "u8".
void sample_rows(const Generator& generator, const Requests& requests, const SampleRows& rows,
                 int64_t batch, const Scaling& scaling, bool as_bytes,
                 const std::map<std::string, ColumnOf>& columns, const Run& run, RowFile& file);

}  // namespace couplet
