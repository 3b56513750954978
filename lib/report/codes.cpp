#include "report/codes.h"

#include <algorithm>
#include <cmath>

#include "report/svg.h"

namespace couplet {

Sheet facts_table(const std::vector<NamedFacts>& files, const std::string& fact) {
  Sheet sheet{"", {""}, {}};
  std::vector<std::string> keys;
  std::vector<json> summaries;
  for (const auto& file : files) {
    const json summary = file.facts.value(fact, json());
    if (!summary.is_object()) continue;
    sheet.head.push_back(file.name);
    summaries.push_back(summary);
    for (const auto& [key, value] : summary.items()) {
      if (value.is_number() && std::find(keys.begin(), keys.end(), key) == keys.end())
        keys.push_back(key);
    }
  }
  for (const auto& key : keys) {
    std::vector<Cell> row = {key};
    for (const json& summary : summaries) {
      row.push_back(summary.contains(key) ? number(summary[key].get<double>()) : std::string());
    }
    sheet.rows.push_back(row);
  }
  return sheet;
}

std::vector<Figure> gaussianity_plots(const std::vector<NamedFacts>& files) {
  Plot quantiles{.title = "quantiles less those of N(0, 1)", .x_label = "of N(0, 1)"};
  Plot histogram{.title = "density", .x_label = "x0"};
  Curve normal{.name = "N(0, 1)", .dashed = true}, bell = normal;
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
