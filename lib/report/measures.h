// Measured numbers out of JSON lines.
#pragma once
#include "base/types.h"

namespace couplet {

/// A measured number with what is known of its error.
struct Number {
  double value = 0;
  double deviation = 0;  ///< 0: none is told
  std::string of;        ///< of what the deviation is: "subsets", "seeds", …
  std::vector<double> interval = {};
};

/// One record of eval-fid: a model's samples, or a reference beside them (a normalizing flow, a
/// split).
struct Measured {
  std::string model;
  bool reference = false;
  double nfe = 0;
  int64_t rows = 0;  ///< examples measured; distances of fewer are larger
  std::map<std::string, Number> numbers;
  json record;
};
/// Every number of the record, its companions with it ("kid_deviation", "fd_interval",
/// "nll_error"), those within objects and lists under "name.part"; of --repeats means with their
/// deviation.
Measured measured(const std::string& model, const json& record);

/// "models/student-4.h5", 4 -> "student": a file's name without folder, ending and the NFE at its
/// end.
std::string model_name(const std::string& path, int64_t nfe);

}  // namespace couplet
