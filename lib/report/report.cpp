#include "report/report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "io/artifact.h"
#include "report/codes.h"
#include "report/gallery.h"
#include "report/lineage.h"
#include "report/measures.h"
#include "report/page.h"
#include "report/svg.h"

namespace couplet {

namespace {

struct NamedLabel {
  std::string path;
  Label label;
};

struct TrainingLog {
  std::string path, kind;  ///< kind of the file it belongs to, "" where that is unknown
  std::vector<json> records;
};

/// All that was given, sorted out by what it is.
struct Material {
  std::vector<NamedLabel> files;
  std::vector<TrainingLog> logs;
  std::vector<json> measured;
};

std::string base(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

/// A file's name without folder and ending.
std::string stem(const std::string& path) { return std::filesystem::path(path).stem().string(); }

/// The objects of a JSON file: one, a list of them, or one a line.
std::vector<json> read_records(const std::string& path) {
  std::ifstream in(path);
  require(in.good(), path, ": cannot be read");
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  const json whole = json::parse(all, nullptr, false);
  std::vector<json> records;
  if (whole.is_object()) records.push_back(whole);
  if (whole.is_array()) records.assign(whole.begin(), whole.end());
  if (whole.is_discarded()) {
    std::istringstream lines(all);
    int64_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (line.empty()) continue;
      records.push_back(json::parse(line, nullptr, false));
      require(records.back().is_object(), path, ", line ", number,
              ": neither a file of ours nor JSON lines");
    }
  }
  return records;
}

Material sort_out(const std::vector<std::string>& paths) {
  Material material;
  for (const auto& path : paths) {
    require(std::filesystem::is_regular_file(path), path, ": there is no such file");
    if (path.ends_with(".h5") || is_artifact(path)) {
      material.files.push_back({path, read_label(path)});
      continue;
    }
    TrainingLog log{path, "", {}};
    for (const json& record : read_records(path)) {
      if (record.contains("step")) {
        log.records.push_back(record);
      } else if (record.is_object()) {
        material.measured.push_back(record);
      }
    }
    const std::string made = std::filesystem::path(path).replace_extension().string();
    if (!log.records.empty()) {
      if (is_artifact(made)) log.kind = read_label(made).kind;
      material.logs.push_back(log);
    }
  }
  return material;
}

const json& about_samples(const json& record) {
  const auto found = record.find("samples");
  return found != record.end() && found->is_object() ? *found : record;
}

/// The name of the checkpoint that a samples file was made with, "" where it is not known.
std::string checkpoint_of(const Label& label) {
  if (label.kind != "samples" || label.provenance.empty()) return "";
  const json parents = label.provenance.back().value("parents", json::array());
  for (const json& record : label.provenance) {
    if (!parents.empty() && record.value("uuid", "") == parents[0])
      return stem(record_name(record));
  }
  return "";
}

/// What a row of the tables is called: the checkpoint sampled, or else the file measured.
std::string name_of(const json& record, const std::vector<NamedLabel>& files) {
  const json& about = about_samples(record);
  for (const auto& [path, label] : files) {
    if (label.content != about.value("content", "none")) continue;
    if (const std::string name = checkpoint_of(label); !name.empty()) return name;
  }
  const std::string path = about.value("path", about.value("samples", "unnamed"));
  const std::string split = about.value("split", "");
  return model_name(path, about.value("nfe", int64_t{-1})) +
         (split.empty() ? "" : ", " + split + " split");
}

/// How was sampled, beyond the model and its NFE.
std::string settings_of(const json& record) {
  std::string settings;
  for (const char* key :
       {"solver", "grid", "times", "guidance", "guidance_interval", "denoise", "weights"}) {
    const json value = about_samples(record).value(key, json());
    if (value.is_null()) continue;
    settings += (settings.empty() ? "" : ", ") + std::string(key) + " " +
                (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return settings;
}

void add_measures(Page& page, const Material& material) {
  std::map<std::string, std::set<std::string>> settings;
  for (const json& record : material.measured) {
    settings[name_of(record, material.files)].insert(settings_of(record));
  }
  std::vector<Measured> all;
  std::set<std::string> protocols;
  for (const json& record : material.measured) {
    std::string name = name_of(record, material.files);
    if (settings[name].size() > 1) name += " (" + settings_of(record) + ")";
    all.push_back(measured(name, record));
    if (record.contains("protocol")) protocols.insert(record["protocol"].dump(2));
  }
  if (metrics_of(all).empty()) return;
  page.section("Quality by number of evaluations");
  std::vector<Figure> plots;
  for (const auto& metric : metrics_of(all)) {
    page.table(table_of(all, metric));
    const Plot plot = plot_of(all, metric);
    if (!plot.curves.empty()) plots.push_back({draw(plot), ""});
  }
  page.figures(plots);
  if (protocols.size() > 1)
    page.paragraph("Not all records were measured alike: see the protocols.");
  for (const auto& protocol : protocols) page.details("How it was measured", protocol);
}

void add_samples(Page& page, const std::vector<NamedLabel>& files, const ReportOptions& options) {
  std::vector<Sampled> sampled;
  for (const auto& [path, label] : files) {
    if (label.kind != "samples") continue;
    const double nfe = label.facts.value("nfe", 0.0);
    const std::string model = checkpoint_of(label);
    sampled.push_back({path, model.empty() ? model_name(path, std::llround(nfe)) : model, nfe});
  }
  const std::vector<Figure> figures = gallery(sampled, options.images, options.columns);
  if (figures.empty()) return;
  page.section("Samples");
  page.paragraph("The same rows of every file: with equal seeds, the same noise and labels.");
  page.figures(figures);
}

/// The curves of one log, by what they show.
std::map<std::string, Curve> curves_of(const TrainingLog& log) {
  static const std::set<std::string> unshown = {"step", "rows", "rows_per_second"};
  std::map<std::string, Curve> curves;
  for (const json& record : log.records) {
    for (const auto& [key, value] : record.items()) {
      if (!value.is_number() || unshown.contains(key) || !record["step"].is_number()) continue;
      curves[key].name = stem(stem(log.path));
      curves[key].x.push_back(record["step"].get<double>());
      curves[key].y.push_back(value.get<double>());
    }
  }
  return curves;
}

/// Logs of files of one kind share their plots, one for each number recorded; a table has the last
/// ones.
void add_curves(Page& page, const std::vector<TrainingLog>& logs) {
  if (logs.empty()) return;
  page.section("Training");
  std::map<std::string, std::map<std::string, Plot>> kinds;
  for (const auto& log : logs) {
    for (const auto& [key, curve] : curves_of(log)) {
      Plot& plot = kinds[log.kind][key];
      plot.title = key, plot.x_label = "step";
      plot.curves.push_back(curve);
    }
  }
  for (auto& [kind, plots] : kinds) {
    std::vector<Figure> figures;
    Sheet last{"at the end", {""}, {}};
    std::map<std::string, std::map<std::string, std::string>> values;
    for (auto& [key, plot] : plots) {
      last.head.push_back(key);
      std::vector<double> all;
      for (const Curve& curve : plot.curves) {
        all.insert(all.end(), curve.y.begin(), curve.y.end());
        values[curve.name][key] = number(curve.y.back());
      }
      plot.log_y = spans_decades(all);
      if (all.size() < 2 * plot.curves.size()) continue;  // one number each: the table has it
      figures.insert(key == "loss" ? figures.begin() : figures.end(), {draw(plot), ""});
    }
    for (auto& [name, numbers] : values) {
      std::vector<Cell> row = {name};
      for (const auto& [key, plot] : plots) row.push_back(numbers[key]);
      last.rows.push_back(row);
    }
    page.heading(kind.empty() ? "other" : kind);
    page.table(last);
    page.figures(figures);
  }
}

void add_couplings(Page& page, const std::vector<NamedLabel>& labels) {
  std::vector<NamedFacts> files;
  for (const auto& [path, label] : labels) files.push_back({base(path), label.facts});
  const Sheet quality = facts_table(files, "quality"), codes = facts_table(files, "gaussianity");
  if (!quality.rows.empty()) {
    page.section("The pairs");
    page.paragraph(
        "Shares are of what the independent coupling has: of its transport cost, and of the loss "
        "of "
        "the best linear velocity field, low where paths are straight.");
    page.table(quality);
  }
  if (codes.rows.empty()) return;
  page.section("The codes beside N(0, I)");
  page.paragraph(
      "Sampling starts from N(0, I), training from the coupling's noise: the closer they are, the "
      "better. A floor is what as many normal draws have.");
  page.table(codes);
  page.figures(gaussianity_plots(files));
}

void add_lineage(Page& page, const std::vector<NamedLabel>& files) {
  if (files.empty()) return;
  std::vector<Label> labels;
  for (const auto& file : files) labels.push_back(file.label);
  page.section("Lineage");
  page.figures({{lineage_svg(merge_lineage(labels)), ""}});
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
    page.details(base(path) + ": " + label.kind, words);
  }
}

}  // namespace

std::string report(const std::vector<std::string>& paths, const ReportOptions& options) {
  const Material material = sort_out(paths);
  Page page(options.title);
  add_measures(page, material);
  add_samples(page, material.files, options);
  add_curves(page, material.logs);
  add_couplings(page, material.files);
  add_lineage(page, material.files);
  return page.html();
}

}  // namespace couplet
