#include "report/report.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "base/version.h"
#include "report/codes.h"
#include "report/gallery.h"
#include "report/lineage.h"
#include "report/paths.h"
#include "report/protocol.h"
#include "report/series.h"
#include "report/training.h"

namespace couplet {

namespace {

std::string counted(size_t n, const std::string& thing) {
  return text(n, " ", thing, n == 1 ? "" : "s");
}

/// "velocity-field" in words that can be counted.
std::string noun(std::string kind) {
  std::replace(kind.begin(), kind.end(), '-', ' ');
  return kind == "samples" ? "sample file" : kind.ends_with('s') ? kind + " file" : kind;
}

/// "data.h5: 1797 examples of 1 x 8 x 8, 10 classes, the first 1437 to train on, from
/// digits.csv.gz".
std::string data_in_words(const Given& file) {
  const json& facts = file.label.facts;
  const auto sizes = h5::File::open(file.path).sizes("x");
  std::string shape;
  for (size_t i = 1; i < sizes.size(); ++i) shape += text(i > 1 ? " x " : "", sizes[i]);
  const auto classes = facts.value("classes", int64_t{0});
  std::string words = text(file_name(file.path), ": ", counted(sizes[0], "example"), " of ", shape);
  if (classes > 0) words += text(", ", classes, classes == 1 ? " class" : " classes");
  if (facts.contains("train")) words += text(", the first ", plain(facts["train"]), " to train on");
  if (facts.contains("source")) words += ", from " + file_name(plain(facts["source"]));
  return words;
}

/// What the page is made of, and the best numbers.
void add_summary(Page& page, const Material& material, const std::vector<Series>& series) {
  std::map<std::string, size_t> kinds;
  for (const Given& file : material.files) ++kinds[file.label.kind];
  std::vector<std::string> parts;
  for (const auto& [kind, n] : kinds) parts.push_back(counted(n, noun(kind)));
  if (!material.logs.empty()) parts.push_back(counted(material.logs.size(), "training log"));
  if (!material.records.empty()) parts.push_back(counted(material.records.size(), "measurement"));
  std::string made = "By Couplet " COUPLET_VERSION " from ";
  for (size_t i = 0; i < parts.size(); ++i) made += (i > 0 ? ", " : "") + parts[i];
  std::vector<std::string> items = {made + "."};
  for (const Given& file : material.files) {
    if (file.label.kind == "dataset") items.push_back(data_in_words(file) + ".");
  }
  if (const std::string best = headline(series); !best.empty()) items.push_back(best);
  page.list(items);
}

void add_measures(Page& page, const Material& material, const std::vector<Series>& series) {
  if (series.empty()) return;
  page.section("Quality");
  for (const auto& group : groups()) {
    std::vector<Series> over_nfe;
    std::map<std::string, std::vector<Series>> single;
    for (const Series& s : series) {
      if (s.term.group != group) continue;
      if (s.nfes.size() > 1) {
        over_nfe.push_back(s);
      } else {
        single[s.against].push_back(s);
      }
    }
    if (!over_nfe.empty() || !single.empty()) page.heading(group);
    for (const Series& s : over_nfe) page.plotted(draw(plot_of(s)), table_of(s));
    for (const auto& [against, alike] : single) page.table(table_of(alike));
  }
  std::string all;
  for (const json& record : material.records) all += record.dump() + "\n";
  page.details("The measurements as eval-fid printed them, with their protocols", all);
}

void add_samples(Page& page, const Material& material, const std::vector<Sampled>& samples,
                 const ReportOptions& options) {
  std::vector<Sampled> shown;
  for (const Sampled& s : samples) {
    if (!holds_paths(s.file)) shown.push_back(s);
  }
  std::vector<Given> data;
  for (const Given& file : material.files) {
    if (file.label.kind == "dataset") data.push_back(file);
  }
  const Gallery found = gallery(data, shown, options.images, options.columns);
  if (!found.alone.empty() || !found.rows.empty()) {
    page.section(shown.empty() ? "Data" : "Samples");
    page.paragraph(found.caption);
    page.figures(found.alone);
    if (!found.rows.empty()) page.wide(matrix_markup(found.head, found.rows));
  }
  const std::vector<Figure> paths = path_figures(samples, 250);
  if (paths.empty()) return;
  page.section("Paths from noise to data");
  page.paragraph(
      "Each line is the way of one sample, noise to data. The straighter they are, the fewer steps "
      "are "
      "enough.");
  page.figures(paths);
}

void add_couplings(Page& page, const std::vector<Given>& given) {
  std::vector<NamedFacts> files;
  for (const auto& [path, label] : given) files.push_back({file_name(path), label.facts});
  const Sheet quality = facts_table(files, "quality");
  Sheet codes = facts_table(files, "gaussianity");
  if (!quality.rows.empty()) {
    page.section("The pairs");
    page.paragraph(
        "Noise and data as they were paired, beside an independent coupling of the same points: "
        "the cheaper their transport and the lower the loss of a linear field, the straighter the "
        "paths can be.");
    page.table(quality);
  }
  if (codes.rows.empty()) return;
  page.section("The codes beside N(0, I)");
  page.paragraph(
      "Sampling starts from N(0, I), training from the coupling's noise: the closer they are, the "
      "better.");
  codes.note = "In brackets, what as many draws of N(0, I) have.";
  page.figures(gaussianity_plots(files));
  page.table(codes);
}

/// How long a record's tool took, "" where that is not told.
std::string took(const json& record) {
  if (!record.contains("started") || !record.contains("finished")) return "";
  return duration(record.value("finished", 0.0) - record.value("started", 0.0));
}

void add_lineage(Page& page, const std::vector<Given>& files) {
  if (files.empty()) return;
  std::vector<Label> labels;
  for (const auto& file : files) labels.push_back(file.label);
  page.section("Lineage");
  page.paragraph(
      "What was made from what, and by which tool; each file's options and facts below.");
  page.wide(lineage_svg(merge_lineage(labels)));
  Sheet sheet{"", {"file", "kind", "made by", "seed", "device", "took", "content"}, {}};
  for (const auto& [path, label] : files) {
    const json own = label.provenance.empty() ? json::object() : label.provenance.back();
    const json seed = own.value("seed", json());
    sheet.rows.push_back({file_name(path), label.kind, own.value("tool", ""),
                          seed.is_null() ? "" : plain(seed), own.value("device", ""), took(own),
                          label.content.substr(0, 8)});
  }
  page.table(sheet);
  for (const auto& [path, label] : files) {
    std::string words = "content " + label.content + "\n";
    if (!label.provenance.empty()) {
      const json& own = label.provenance.back();
      words += record_note(own, false) + "\n\n";
      for (const json& word : own.value("argv", json::array()))
        words += word.get<std::string>() + " ";
      words += "\n";
    }
    words += "\nconfig " + label.config.dump(2) + "\n\nfacts " + label.facts.dump(2);
    page.details(file_name(path) + ": " + label.kind, words);
  }
}

}  // namespace

std::string report(const std::vector<std::string>& paths, const ReportOptions& options) {
  require_option(options.images > 0 && options.columns > 0,
                 "options 'images' and 'columns' must be positive");
  const Material material = sort_out(paths);
  const std::vector<Sampled> samples = samples_of(material.files);
  const std::vector<std::string> names = names_of(material.records, samples);
  std::vector<Measured> all;
  for (size_t i = 0; i < names.size(); ++i) {
    all.push_back(measured(names[i], material.records[i]));
  }
  const std::vector<Series> series = series_of(all);

  Page page(options.title);
  add_summary(page, material, series);
  add_measures(page, material, series);
  add_samples(page, material, samples, options);
  add_training(page, material.logs);
  add_couplings(page, material.files);
  add_lineage(page, material.files);
  return page.html();
}

}  // namespace couplet
