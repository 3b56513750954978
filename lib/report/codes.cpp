#include "report/codes.h"

#include <algorithm>
#include <cmath>

#include "report/plot.h"
#include "report/svg.h"

namespace couplet {

namespace {

/// Rows of the table, in the order of the page; others follow under their own names.
const std::vector<std::pair<std::string, std::string>>& known_rows() {
  static const std::vector<std::pair<std::string, std::string>> rows = {
      {"transport_cost", "transport cost, E (x1 - x0)² a dimension"},
      {"independent_cost", "the same of the independent coupling"},
      {"transport_share", "the one as a share of the other"},
      {"linear_loss", "loss of the best linear velocity field"},
      {"linear_share", "as a share of the independent coupling's"},
      {"examples", "examples of the train split"},
      {"used", "share of them that the pairs use"},
      {"most_used", "pairs of the example used most"},
      {"data_error", "how unevenly they are used (0: alike)"},
      {"rows", "rows"},
      {"dims", "dimensions"},
      {"mean", "mean"},
      {"mean_norm", "norm of the mean over the root of the dimensions"},
      {"variance", "variance"},
      {"variance_min", "lowest variance of a dimension"},
      {"variance_max", "highest variance of a dimension"},
      {"kurtosis", "excess kurtosis"},
      {"off_diagonal", "covariance off the diagonal (RMS)"},
      {"max_abs", "largest |number|"},
      {"energy", "energy distance to N(0, I)"},
      {"sliced_w2", "squared sliced Wasserstein distance to N(0, I)"},
      {"energy_rows", "rows in the distances"},
      {"non_finite", "rows not finite, left out"},
  };
  return rows;
}

/// A number, and in brackets what as many normal draws have.
std::string cell_of(const json& summary, const std::string& key) {
  if (!summary.contains(key) || !summary[key].is_number()) return "";
  const auto beside = [&](const char* ending) { return summary.value(key + ending, json()); };
  const json normal = beside("_floor").is_null() ? beside("_expected") : beside("_floor");
  return number(summary[key].get<double>()) +
         (normal.is_number() ? " (" + number(normal.get<double>()) + ")" : "");
}

}  // namespace

Sheet facts_table(const std::vector<NamedFacts>& files, const std::string& fact) {
  Sheet sheet{"", {""}, {}};
  std::vector<std::pair<std::string, std::string>> rows = known_rows();
  std::vector<json> summaries;
  for (const auto& file : files) {
    const json summary = file.facts.value(fact, json());
    if (!summary.is_object()) continue;
    sheet.head.push_back(file.name);
    summaries.push_back(summary);
    for (const auto& [key, value] : summary.items()) {
      const bool shown =
          key.ends_with("_floor") || key.ends_with("_expected") ||
          std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.first == key; });
      if (value.is_number() && !shown) rows.emplace_back(key, key);
    }
  }
  for (const auto& [key, title] : rows) {
    std::vector<Cell> cells = {title};
    bool any = false;
    for (const json& summary : summaries) {
      cells.push_back(cell_of(summary, key));
      any = any || !cells.back().text.empty();
    }
    if (any) sheet.rows.push_back(cells);
  }
  return sheet;
}

std::vector<Figure> gaussianity_plots(const std::vector<NamedFacts>& files) {
  Plot quantiles{.title = "quantiles less those of N(0, 1)", .x_label = "of N(0, 1)"};
  Plot histogram{.title = "density", .x_label = "x0"};
  Curve normal{.name = "N(0, 1)", .mark = Mark::dashed}, bell = normal;
  for (const auto& file : files) {
    const json summary = file.facts.value("gaussianity", json::object());
    if (!summary.contains("quantiles") || !summary.contains("histogram")) continue;
    Curve found{.name = file.name}, shares = found;
    for (const double q : summary["quantiles"]) {
      const double u = -4 + 0.25 * static_cast<double>(found.x.size());
      found.x.push_back(u), found.y.push_back(q - u);
    }
    for (const double share : summary["histogram"]) {
      shares.x.push_back(-4.875 + 0.25 * static_cast<double>(shares.x.size()));
      shares.y.push_back(4 * share);
    }
    quantiles.curves.push_back(found), histogram.curves.push_back(shares);
  }
  if (quantiles.curves.empty()) return {};
  for (double u = -4; u < 4.01; u += 0.25) {
    normal.x.push_back(u), normal.y.push_back(0);
    bell.x.push_back(u), bell.y.push_back(std::exp(-u * u / 2) / std::sqrt(2 * std::acos(-1.0)));
  }
  quantiles.curves.push_back(normal), histogram.curves.push_back(bell);
  return {{draw(quantiles), ""}, {draw(histogram), ""}};
}

}  // namespace couplet
