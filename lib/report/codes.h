// What files say of their pairs and codes, as tables and plots.
#pragma once
#include "base/types.h"
#include "report/page.h"

namespace couplet {

/// A file's name, and the facts of its label.
struct NamedFacts {
  std::string name;
  json facts;
};

/// A table of what files say under one fact ("quality", "gaussianity"): a row for each number, a
/// column for each file that has it.
Sheet facts_table(const std::vector<NamedFacts>& files, const std::string& fact);

/// Quantiles less those of N(0, 1), and histograms beside its density.
std::vector<Figure> gaussianity_plots(const std::vector<NamedFacts>& files);

}  // namespace couplet
