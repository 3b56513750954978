#include "report/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "report/protocol.h"
#include "report/svg.h"

namespace couplet {

namespace {

std::pair<double, double> mean_and_deviation(const std::vector<Number>& numbers) {
  const auto n = static_cast<double>(numbers.size());
  if (numbers.size() == 1) return {numbers[0].value, numbers[0].deviation};
  double mean = 0, square = 0;
  for (const Number& v : numbers) mean += v.value / n;
  for (const Number& v : numbers) square += (v.value - mean) * (v.value - mean);
  return {mean, std::sqrt(square / (n - 1))};
}

Cell cell_of(const std::vector<Number>& numbers) {
  const auto [mean, deviation] = mean_and_deviation(numbers);
  std::string words = number(mean);
  if (deviation > 0 || numbers.size() > 1) words += " ± " + number(deviation, 2);
  if (numbers.size() == 1 && numbers[0].interval.size() == 2) {
    words +=
        " [" + number(numbers[0].interval[0], 3) + ", " + number(numbers[0].interval[1], 3) + "]";
  }
  return words;
}

/// Marks the best of one column's cells: `values` by row, not a number where there is none.
void mark_best(Sheet& sheet, size_t column, const std::vector<double>& values, int better) {
  double best = std::numeric_limits<double>::quiet_NaN();
  size_t count = 0;
  for (const double v : values) {
    if (std::isnan(v)) continue;
    ++count;
    if (std::isnan(best) || (v - best) * better > 0) best = v;
  }
  const bool alike = std::all_of(values.begin(), values.end(),
                                 [&](double v) { return std::isnan(v) || v == best; });
  if (better == 0 || count < 2 || alike) return;
  for (size_t i = 0; i < values.size(); ++i) sheet.rows[i][column].best = values[i] == best;
}

Row& row_named(std::vector<Row>& rows, const std::string& name) {
  const auto at =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == name; });
  return at == rows.end() ? rows.emplace_back(Row{.name = name}) : *at;
}

std::string samples_against(int64_t rows, const std::string& reference) {
  std::string words = rows > 0 ? text(rows, " rows") : "";
  if (!reference.empty()) words += (words.empty() ? "Against " : " against ") + reference;
  return words.empty() ? "" : words + ". ";
}

std::string joined(const std::vector<std::string>& sentences) {
  std::string words;
  for (const auto& sentence : sentences) words += sentence + " ";
  return words;
}

/// Which way is better, and what stands behind ± and within brackets.
void add_reading(Series& series) {
  if (series.term.better != 0) {
    series.manner.emplace_back(series.term.better < 0 ? "Lower is better." : "Higher is better.");
  }
  std::set<std::string> of;
  bool interval = false;
  for (const auto* rows : {&series.models, &series.references}) {
    for (const Row& row : *rows) {
      for (const auto& [nfe, numbers] : row.numbers) {
        if (numbers.size() > 1) of.insert("seeds");
        if (numbers.size() == 1 && numbers[0].deviation > 0) of.insert(numbers[0].of);
        interval = interval || (numbers.size() == 1 && !numbers[0].interval.empty());
      }
    }
  }
  for (const auto& what : of) {
    series.manner.push_back(what.starts_with("the ") ? "± is " + what + "."
                                                     : "± is the deviation over " + what + ".");
  }
  if (interval) series.manner.emplace_back("In brackets, the interval of 95 % by bootstrap.");
}

/// What is to be said of several series: a sentence of some alone names them.
std::string joined(const std::vector<Series>& all) {
  std::vector<std::string> sentences;
  for (const Series& series : all) {
    for (const auto& sentence : series.manner) {
      if (std::find(sentences.begin(), sentences.end(), sentence) == sentences.end())
        sentences.push_back(sentence);
    }
  }
  std::string words;
  for (const auto& sentence : sentences) {
    std::string of;
    size_t count = 0;
    for (const Series& series : all) {
      const auto& manner = series.manner;
      if (std::find(manner.begin(), manner.end(), sentence) == manner.end()) continue;
      of += (count++ > 0 ? "; " : "") + series.term.title;
    }
    words += (count < all.size() ? of + ": " : "") + sentence + " ";
  }
  return words;
}

/// The records of one metric against one reference: rows of models, then of references.
Series series_of(const std::string& metric, const std::string& reference, int64_t rows,
                 const std::vector<const Measured*>& records) {
  Series series{.term = term_of(metric), .against = samples_against(rows, reference)};
  std::vector<json> extractors;
  for (const Measured* m : records) {
    extractors.push_back(extractor_of(m->record, metric));
    if (extractors.back().contains("content")) extractors.back().erase("path");
  }
  const std::vector<std::string> apart = told_apart(extractors);
  std::set<std::tuple<std::string, double, std::string>>
      seen;  // samples measured twice are no seeds
  for (size_t i = 0; i < records.size(); ++i) {
    const Measured& m = *records[i];
    std::string name = m.model + (apart[i].empty() ? "" : " (" + apart[i] + ")");
    if (m.reference && m.rows != rows) name += text(" (", m.rows, " rows)");
    const std::string content = m.record.value("sampling", json::object()).value("content", "");
    if (!content.empty() && !seen.insert({name, m.nfe, content}).second) continue;
    Row& row = row_named(m.reference ? series.references : series.models, name);
    row.numbers[m.reference ? 0 : m.nfe].push_back(m.numbers.at(metric));
    const bool biased = metric.starts_with("fd") || metric.starts_with("fid");
    row.apart = m.reference && biased && 2 * m.rows < rows;
    if (!m.reference) series.nfes.insert(m.nfe);
  }
  const bool same =
      std::all_of(apart.begin(), apart.end(), [](const auto& a) { return a.empty(); });
  const std::string features = same ? in_words(extractor_of(records[0]->record, metric)) : "";
  if (!same) {
    series.term.better = 0;
    series.manner.emplace_back("Measured in different features: the rows are not comparable.");
  }
  if (features == "pixels") {
    series.manner.emplace_back("Of the numbers themselves.");
  } else if (!features.empty()) {
    series.manner.push_back("In the features of " + features + ".");
  }
  const std::string manner = manner_of(records[0]->record, metric);  // that of all
  if (!manner.empty()) series.manner.push_back("By " + manner + ".");
  add_reading(series);
  return series;
}

}  // namespace

std::vector<Series> series_of(const std::vector<Measured>& all) {
  std::set<std::string> found;
  for (const Measured& m : all) {
    for (const auto& [metric, value] : m.numbers) found.insert(metric);
  }
  std::vector<std::string> metrics(found.begin(), found.end());
  sort_terms(metrics);
  std::vector<Series> out;
  for (const auto& metric : metrics) {
    // By reference, and of each by the rows of the models, the most first.
    using Against = std::pair<std::string, std::string>;  // and in which manner
    std::map<Against, std::map<int64_t, std::vector<const Measured*>, std::greater<>>> models;
    std::map<Against, std::vector<const Measured*>> references;
    for (const Measured& m : all) {
      if (!m.numbers.contains(metric)) continue;
      const auto against = std::pair(reference_of(m.record, metric), manner_of(m.record, metric));
      (m.reference ? references[against] : models[against][m.rows]).push_back(&m);
    }
    for (const auto& [against, records] : references) {
      if (!models.contains(against)) models[against][records[0]->rows];
    }
    for (auto& [against, by_rows] : models) {
      for (auto& [rows, records] : by_rows) {
        // References stand beside the largest set alone.
        if (&records == &by_rows.begin()->second) {
          records.insert(records.end(), references[against].begin(), references[against].end());
        }
        out.push_back(series_of(metric, against.first, rows, records));
      }
    }
  }
  return out;
}

Sheet table_of(const Series& series) {
  Sheet sheet{series.term.title, {"NFE"}, {}, series.against + joined(series.manner)};
  for (const double nfe : series.nfes) sheet.head.push_back(number(nfe));
  if (series.nfes.empty()) sheet.head = {"", ""};
  for (const Row& row : series.models) {
    sheet.rows.push_back({row.name});
    for (const double nfe : series.nfes) {
      const auto at = row.numbers.find(nfe);
      sheet.rows.back().push_back(at == row.numbers.end() ? Cell("") : cell_of(at->second));
    }
  }
  size_t column = 1;
  for (const double nfe : series.nfes) {
    std::vector<double> values;
    for (const Row& row : series.models) {
      const auto at = row.numbers.find(nfe);
      values.push_back(at == row.numbers.end() ? NAN : mean_and_deviation(at->second).first);
    }
    mark_best(sheet, column++, values, series.term.better);
  }
  for (const Row& row : series.references) {
    Cell cell = cell_of(row.numbers.at(0));
    cell.span = static_cast<int>(std::max<size_t>(1, series.nfes.size()));
    sheet.rows.push_back({row.name, cell});
  }
  return sheet;
}

Sheet table_of(const std::vector<Series>& all) {
  Sheet sheet{"", {""}, {}, all.at(0).against + joined(all)};
  std::vector<std::string> names;
  for (const Series& series : all) {
    sheet.head.push_back(series.term.title);
    for (const auto* rows : {&series.models, &series.references}) {
      for (const Row& row : *rows) {
        if (std::find(names.begin(), names.end(), row.name) != names.end()) continue;
        names.push_back(row.name);
        sheet.rows.push_back({row.name});
      }
    }
  }
  for (const Series& series : all) {
    std::vector<double> values(names.size(), NAN);
    for (auto& row : sheet.rows) row.push_back("");
    for (const auto* rows : {&series.models, &series.references}) {
      for (const Row& row : *rows) {
        const auto at =
            static_cast<size_t>(std::find(names.begin(), names.end(), row.name) - names.begin());
        const auto& numbers = row.numbers.begin()->second;
        sheet.rows[at].back() = cell_of(numbers);
        if (rows == &series.models) values[at] = mean_and_deviation(numbers).first;
      }
    }
    mark_best(sheet, sheet.rows[0].size() - 1, values, series.term.better);
  }
  return sheet;
}

Plot plot_of(const Series& series) {
  Plot plot{.title = series.term.title,
            .x_label = "NFE: evaluations of the network a sample",
            .titled = false,
            .log_x = true};
  if (series.nfes.size() < 2) return plot;
  plot.x_ticks.assign(series.nfes.begin(), series.nfes.end());
  std::vector<double> every;
  for (const Row& row : series.models) {
    Curve curve{.name = row.name};
    for (const auto& [nfe, numbers] : row.numbers) {
      const auto [mean, deviation] = mean_and_deviation(numbers);
      const bool seeds = numbers.size() > 1 || numbers[0].of == "seeds";
      curve.x.push_back(nfe), curve.y.push_back(mean),
          curve.spread.push_back(seeds ? deviation : 0);
    }
    every.insert(every.end(), curve.y.begin(), curve.y.end());
    plot.curves.push_back(curve);
  }
  plot.log_y = spans_decades(every);
  for (const Row& row : series.references) {
    const double level = mean_and_deviation(row.numbers.at(0)).first;
    if (row.apart || (plot.log_y && level <= 0)) continue;
    plot.curves.push_back({.name = row.name,
                           .x = {plot.x_ticks.front(), plot.x_ticks.back()},
                           .y = {level, level},
                           .mark = Mark::dashed});
  }
  return plot;
}

std::string headline(const std::vector<Series>& all) {
  const auto of_distance = [](const Series& s) { return s.term.better < 0 && !s.models.empty(); };
  const auto first = std::find_if(all.begin(), all.end(), of_distance);
  if (first == all.end()) return "";
  const auto lowest = [&](double most) {
    std::tuple<double, std::string, double> best{std::numeric_limits<double>::infinity(), "", 0};
    for (const Row& row : first->models) {
      for (const auto& [nfe, numbers] : row.numbers) {
        const double value = mean_and_deviation(numbers).first;
        if (nfe <= most && value < std::get<0>(best)) best = {value, row.name, nfe};
      }
    }
    return best;
  };
  const double fewest = *first->nfes.begin();
  const auto [value, name, nfe] = lowest(std::numeric_limits<double>::infinity());
  const auto [value_at_fewest, name_at_fewest, same] = lowest(fewest);
  if (name.empty()) return "";
  std::string words =
      text(first->term.title, ": lowest ", number(value), " by ", name, " at NFE ", number(nfe));
  if (nfe != fewest && !name_at_fewest.empty()) {
    words +=
        text("; at NFE ", number(fewest), " ", number(value_at_fewest), " by ", name_at_fewest);
  }
  for (const Row& row : first->references) {
    words += text("; ", row.name, " ", number(mean_and_deviation(row.numbers.at(0)).first));
  }
  return words + ". " + first->against;
}

}  // namespace couplet
