// What is asked of a generator: noise and labels, by row.
#pragma once
#include <memory>

#include "base/random.h"
#include "base/space.h"
#include "io/pairs.h"

namespace couplet {

/// Rows [begin, end) of the samples of a seed: the same noise whatever the model.
struct SampleRows {
  int64_t begin = 0, end = 0;
};
/// "0-9999" (the last row included) or "9999". Errors: BadOption.
SampleRows parse_rows(const std::string& given);

/// What is asked for, by row: noise by the run's seed; classes in turn ("each"), "none", or one
/// ("3"). Or, where file is not empty, its x0 (N, *shape), and its label (N) if it has one:
/// couplings (the first draw of each), or arrays of HDF5 or npz.
class Requests {
 public:
  /// Errors: BadOption, a file that does not fit the space or has fewer rows than are asked for.
  Requests(const Space& space, const std::string& label, const Random& noise,
           const std::string& file = "", int64_t rows = 0);
  Tensor x0(const Tensor& rows) const;
  Tensor labels(const Tensor& rows) const;
  /// How many of the rows have no label.
  int64_t unlabelled(const SampleRows& rows) const;
  /// Whether the file is couplings, and the data x1 (N, *shape) that they pair with x0.
  bool paired() const { return pairs_ != nullptr; }
  Tensor x1(const Tensor& rows) const;
  /// Content of the dataset of those couplings.
  std::string data() const;

 private:
  void read(const std::string& file);
  Space space_;
  bool each_;
  int64_t label_ = -1;
  Random noise_;
  Tensor given_x0_, given_label_;
  std::shared_ptr<const Pairs> pairs_;
};

}  // namespace couplet
