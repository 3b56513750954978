// Measured numbers as tables and plots over the number of evaluations.
#pragma once
#include <set>

#include "report/glossary.h"
#include "report/measures.h"
#include "report/page.h"
#include "report/plot.h"

namespace couplet {

/// The numbers of one model, by NFE; one for each seed.
struct Row {
  std::string name;
  std::map<double, std::vector<Number>> numbers;
  bool apart = false;  ///< a distance of far fewer rows, which are biased: no level for the others
};

/// One metric's numbers that may be set beside each other: against one reference, of as many rows.
struct Series {
  Term term;
  std::string against = {};  ///< "5000 rows against data.h5 [ab12cd34], train split, 1437 rows"
  /// Sentences: in which features, which way is better, what a deviation is.
  std::vector<std::string> manner = {};
  std::vector<Row> models = {}, references = {};  ///< in the order of their coming
  std::set<double> nfes = {};                     ///< of the models
};

/// All of them, in the order of the page. Where the records of a metric were measured in different
/// features, the rows are named by what differs.
std::vector<Series> series_of(const std::vector<Measured>& all);

/// A row for each model, a column for each NFE; a reference across. Records of one model and NFE
/// (seeds) share a cell, mean ± standard deviation.
Sheet table_of(const Series& series);
/// Several with equal `against` whose models have but one NFE: a column for each.
Sheet table_of(const std::vector<Series>& series);
/// The same as lines; references dashed. No curves where there is but one NFE.
Plot plot_of(const Series& series);

/// "FD: lowest 0.83 by student at NFE 32; at NFE 1 0.99 by map": the first series, of a distance,
/// in a sentence; "" where there is none.
std::string headline(const std::vector<Series>& all);

}  // namespace couplet
