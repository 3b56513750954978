#include "report/measures.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/error.h"

namespace couplet {

namespace {

using Titles = std::vector<std::pair<std::string, std::string>>;

/// Names for readers, in the order of the page; any other number is shown under its own key.
const Titles& titles() {
  static const Titles known = {{"fd", "Fréchet distance, classifier features"},
                               {"energy", "energy distance"},
                               {"fd_pixels", "Fréchet distance, pixels"},
                               {"label_agreement", "label agreement"},
                               {"curvature", "curvature"}};
  return known;
}

std::string title_of(const std::string& metric) {
  for (const auto& [name, title] : titles()) {
    if (name == metric) return title;
  }
  return metric;
}

std::pair<double, double> mean_and_deviation(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, square = 0;
  for (const double v : values) mean += v / n;
  for (const double v : values) square += (v - mean) * (v - mean);
  return {mean, values.size() > 1 ? std::sqrt(square / (n - 1)) : 0};
}

std::string cell_of(const std::vector<double>& values) {
  const auto [mean, deviation] = mean_and_deviation(values);
  return values.size() == 1 ? number(mean) : number(mean) + " ± " + number(deviation);
}

/// The numbers of one metric: by name in the order of their coming, by NFE, one for each seed.
struct Lines {
  std::vector<std::string> models, references;
  std::map<std::string, std::map<double, std::vector<double>>> values;
  std::set<double> nfes;
};

Lines lines_of(const std::vector<Measured>& all, const std::string& metric) {
  int64_t most = 0;
  for (const Measured& m : all) {
    if (!m.reference && m.values.contains(metric)) most = std::max(most, m.rows);
  }
  Lines lines;
  for (const Measured& m : all) {
    const auto value = m.values.find(metric);
    if (value == m.values.end() || (!m.reference && m.rows < most)) continue;
    std::string name = m.model;
    if (m.reference && m.rows != most) name += text(" (", m.rows, " rows)");
    auto& names = m.reference ? lines.references : lines.models;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    if (!m.reference) lines.nfes.insert(m.nfe);
    lines.values[name][m.reference ? 0 : m.nfe].push_back(value->second);
  }
  return lines;
}

}  // namespace

Measured measured(const std::string& model, const json& record) {
  static const std::set<std::string> others = {"nfe", "seed", "rows", "non_finite", "seconds"};
  // eval-fid tells what the samples are in an object of its own.
  const json about = record.value("samples", json()).is_object() ? record["samples"] : record;
  const json nfe = about.value("nfe", json());
  Measured m{.model = model, .rows = record.value("rows", int64_t{0}), .values = {}};
  m.reference = !nfe.is_number() || about.value("model", "") == "normalizing-flow";
  if (nfe.is_number()) m.nfe = nfe.get<double>();
  for (const auto& [key, value] : record.items()) {
    if (value.is_number() && !others.contains(key)) m.values[key] = value.get<double>();
  }
  return m;
}

std::vector<std::string> metrics_of(const std::vector<Measured>& all) {
  std::set<std::string> found;
  for (const Measured& m : all) {
    for (const auto& [metric, value] : m.values) found.insert(metric);
  }
  std::vector<std::string> names;
  for (const auto& [metric, title] : titles()) {
    if (found.erase(metric) > 0) names.push_back(metric);
  }
  names.insert(names.end(), found.begin(), found.end());
  return names;
}

Sheet table_of(const std::vector<Measured>& all, const std::string& metric) {
  const Lines lines = lines_of(all, metric);
  Sheet sheet{title_of(metric), {"NFE"}, {}};
  for (const double nfe : lines.nfes) sheet.head.push_back(number(nfe));
  if (lines.nfes.empty()) sheet.head = {"", ""};
  for (const auto& model : lines.models) {
    std::vector<Cell> cells = {model};
    for (const double nfe : lines.nfes) {
      const auto at = lines.values.at(model).find(nfe);
      cells.push_back(at == lines.values.at(model).end() ? std::string() : cell_of(at->second));
    }
    sheet.rows.push_back(cells);
  }
  const auto columns = std::max<size_t>(1, lines.nfes.size());
  for (const auto& reference : lines.references) {
    const std::string value = cell_of(lines.values.at(reference).at(0));
    sheet.rows.push_back({reference, Cell(value, static_cast<int>(columns))});
  }
  return sheet;
}

Plot plot_of(const std::vector<Measured>& all, const std::string& metric) {
  const Lines lines = lines_of(all, metric);
  Plot plot{.title = title_of(metric),
            .x_label = "NFE: evaluations of the network a sample",
            .log_x = true};
  if (lines.nfes.size() < 2) return plot;
  plot.x_ticks.assign(lines.nfes.begin(), lines.nfes.end());
  std::vector<double> every;
  for (const auto& model : lines.models) {
    Curve curve{.name = model};
    for (const auto& [nfe, values] : lines.values.at(model)) {
      curve.x.push_back(nfe);
      curve.y.push_back(mean_and_deviation(values).first);
    }
    every.insert(every.end(), curve.y.begin(), curve.y.end());
    plot.curves.push_back(curve);
  }
  for (const auto& reference : lines.references) {
    const double level = mean_and_deviation(lines.values.at(reference).at(0)).first;
    every.push_back(level);
    plot.curves.push_back({.name = reference,
                           .x = {plot.x_ticks.front(), plot.x_ticks.back()},
                           .y = {level, level},
                           .dashed = true});
  }
  plot.log_y = spans_decades(every);
  return plot;
}

std::string model_name(const std::string& path, int64_t nfe) {
  std::string name = std::filesystem::path(path).stem().string();
  const std::string end = std::to_string(nfe);
  if (name.size() <= end.size() || !name.ends_with(end)) return name;
  std::string shorter = name.substr(0, name.size() - end.size());
  if (shorter.ends_with("nfe")) shorter.resize(shorter.size() - 3);
  while (!shorter.empty() && std::string("-_.").find(shorter.back()) != std::string::npos) {
    shorter.pop_back();
  }
  return shorter.empty() ? name : shorter;
}

}  // namespace couplet
