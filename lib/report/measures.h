// Measured numbers out of JSON lines as tables and plots over the number of evaluations.
#pragma once
#include "base/types.h"
#include "report/page.h"
#include "report/svg.h"

namespace couplet {

/// One record of eval-fid: a model's samples, or a reference beside them (a normalizing flow, a
/// split).
struct Measured {
  std::string model;
  bool reference = false;
  double nfe = 0;
  int64_t rows =
      0;  ///< examples measured; distances of fewer are larger, and not set beside others
  std::map<std::string, double> values;
};
Measured measured(const std::string& model, const json& record);

/// The names of all numbers measured, the best known first.
std::vector<std::string> metrics_of(const std::vector<Measured>& all);

/// A row for each model, a column for each NFE; a reference across. Records of one model and NFE
/// (seeds) share a cell, mean ± standard deviation. Records of fewer rows than others are left out.
Sheet table_of(const std::vector<Measured>& all, const std::string& metric);
/// The same as lines; references dashed. No curves where there is but one NFE.
Plot plot_of(const std::vector<Measured>& all, const std::string& metric);

/// "models/student-4.h5", 4 -> "student": a file's name without folder, ending and the NFE at its
/// end.
std::string model_name(const std::string& path, int64_t nfe);

}  // namespace couplet
