#include "report/training.h"

#include <algorithm>
#include <set>

#include "report/names.h"
#include "report/plot.h"
#include "report/svg.h"

namespace couplet {

namespace {

const std::map<std::string, std::string>& titles() {
  static const std::map<std::string, std::string> known = {
      {"loss", "loss"},
      {"lr", "learning rate"},
      {"gradient_norm", "norm of the gradient"},
      {"nll_train", "-log p a dimension, train"},
      {"nll_test", "-log p a dimension, test"},
      {"bits_train", "bits a dimension, train"},
      {"bits_test", "bits a dimension, test"},
      {"gap", "test less train"},
      {"train_accuracy", "accuracy, train"},
      {"test_accuracy", "accuracy, test"}};
  return known;
}

std::string title_of(const std::string& key) {
  const auto at = titles().find(key);
  return at == titles().end() ? key : at->second;
}

/// The curves of one log, by what they show.
std::map<std::string, Curve> curves_of(const TrainingLog& log, const std::string& name) {
  static const std::set<std::string> unshown = {"step", "rows", "rows_per_second"};
  std::map<std::string, Curve> curves;
  for (const json& record : log.records) {
    for (const auto& [key, value] : record.items()) {
      if (!value.is_number() || unshown.contains(key) || !record["step"].is_number()) continue;
      curves[key].name = name;
      curves[key].x.push_back(record["step"].get<double>());
      curves[key].y.push_back(value.get<double>());
    }
  }
  return curves;
}

std::vector<std::string> names_of(const std::vector<TrainingLog>& logs) {
  std::vector<json> made;
  for (const TrainingLog& log : logs) {
    const json& provenance = log.label.provenance;
    made.push_back(provenance.empty() ? json::object() : provenance.back());
    made.back()["path"] = log.path;
  }
  std::vector<std::string> names = model_names(made);
  for (size_t i = 0; i < logs.size(); ++i) {
    if (!logs[i].part.empty()) names[i] += ", " + logs[i].part;
  }
  return names;
}

/// Plots of the files of one kind, by what they show; loss first.
std::vector<std::pair<std::string, Plot>> plots_of(
    const std::vector<std::map<std::string, Curve>>& logs) {
  std::vector<std::pair<std::string, Plot>> plots;
  std::set<std::string> keys;
  for (const auto& curves : logs) {
    for (const auto& [key, curve] : curves) keys.insert(key);
  }
  for (const auto& key : keys) {
    Plot plot{.title = title_of(key), .x_label = "step"};
    std::vector<double> all;
    for (const auto& curves : logs) {
      const auto at = curves.find(key);
      if (at == curves.end()) continue;
      plot.curves.push_back(at->second);
      all.insert(all.end(), at->second.y.begin(), at->second.y.end());
    }
    plot.log_y = spans_decades(all);
    plots.insert(key == "loss" ? plots.begin() : plots.end(), {key, plot});
  }
  return plots;
}

Sheet last_numbers(const std::vector<std::pair<std::string, Plot>>& plots,
                   const std::vector<std::map<std::string, Curve>>& logs) {
  Sheet sheet{"", {"at the end", "step"}, {}};
  for (const auto& [key, plot] : plots) sheet.head.push_back(title_of(key));
  for (const auto& curves : logs) {
    if (curves.empty()) continue;
    const Curve& any = curves.begin()->second;
    std::vector<Cell> row = {any.name, number(any.x.back())};
    for (const auto& [key, plot] : plots) {
      const auto at = curves.find(key);
      row.push_back(at == curves.end() ? std::string() : number(at->second.y.back()));
    }
    sheet.rows.push_back(row);
  }
  return sheet;
}

}  // namespace

void add_training(Page& page, const std::vector<TrainingLog>& logs) {
  if (logs.empty()) return;
  page.section("Training");
  const auto names = names_of(logs);
  // In the order of the chain: what is made first has the shortest lineage.
  std::map<std::string, size_t> before;
  std::map<std::string, std::vector<std::map<std::string, Curve>>> of_kind;
  for (size_t i = 0; i < logs.size(); ++i) {
    const Label& label = logs[i].label;
    of_kind[label.kind].push_back(curves_of(logs[i], names[i]));
    const auto known = before.emplace(label.kind, label.provenance.size()).first;
    known->second = std::min(known->second, label.provenance.size());
  }
  std::vector<std::string> kinds;
  for (const auto& [kind, curves] : of_kind) kinds.push_back(kind);
  std::stable_sort(kinds.begin(), kinds.end(), [&](const auto& a, const auto& b) {
    const bool beside = a == "classifier", other = b == "classifier";  // last
    return std::pair(beside, before[a]) < std::pair(other, before[b]);
  });
  for (const auto& kind : kinds) {
    const auto& curves = of_kind[kind];
    const auto plots = plots_of(curves);
    std::vector<Figure> figures;
    for (const auto& [key, plot] : plots) {
      const bool line = std::any_of(plot.curves.begin(), plot.curves.end(),
                                    [](const Curve& c) { return c.x.size() > 1; });
      if (line) figures.push_back({draw(plot), ""});  // of one number the table has it
    }
    if (kinds.size() > 1 || !kind.empty()) page.heading(kind.empty() ? "other" : kind);
    page.figures(figures);
    page.table(last_numbers(plots, curves));
  }
}

}  // namespace couplet
