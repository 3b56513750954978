#include "report/names.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <tuple>

#include "report/measures.h"
#include "report/protocol.h"

namespace couplet {

namespace {

std::filesystem::path path_of(const json& record) { return record.value("path", ""); }

/// The options that a file was made by, without seed, threads and the names of files.
json options_of(const json& record) {
  json options = json::array();
  for (const json& word : record.value("argv", json::array())) {
    const std::string w = word.get<std::string>();
    if (w.find('=') != std::string::npos || w.ends_with(".json")) options.push_back(w);
  }
  return options;
}

/// The record of the checkpoint that a samples file was made with; null where it is not known.
json maker_of(const Label& samples) {
  if (samples.provenance.empty()) return nullptr;
  json made = samples.provenance.back();
  do {  // merged samples come of others
    const json parents = made.value("parents", json::array());
    const auto& all = samples.provenance;
    const auto parent = std::find_if(all.begin(), all.end(), [&](const json& record) {
      return !parents.empty() && record.value("uuid", "") == parents[0];
    });
    if (parent == all.end()) return nullptr;
    made = *parent;
  } while (made.value("kind", "") == "samples");
  return made;
}

/// The ways of sampling that a name does not tell.
json way_of(const json& record) {
  static const std::vector<std::string> told = {"solver",
                                                "grid",
                                                "times",
                                                "rho",
                                                "rtol",
                                                "atol",
                                                "diffusion",
                                                "diffusion_scale",
                                                "last_step",
                                                "guidance",
                                                "guidance_interval",
                                                "guided",
                                                "annealed",
                                                "temperature",
                                                "decode",
                                                "denoise",
                                                "weights",
                                                "ema",
                                                "precision",
                                                "noise"};
  json way = json::object();
  const json sampling = record.value("sampling", json::object());
  for (const auto& key : told) {
    if (sampling.contains(key)) way[key] = sampling[key];
  }
  return way;
}

/// Of the file of samples that a record is of; "" where there are several.
std::string folder_of(const json& record) {
  const json path = record.value("samples", json());
  if (!path.is_string()) return "";
  return std::filesystem::path(path.get<std::string>()).parent_path().filename().string();
}

json seed_of(const json& record) {
  return record.value("sampling", json::object()).value("seed", json());
}

/// The name of a record before ways of sampling are told apart.
std::string bare_name(const json& record, const std::vector<Sampled>& samples) {
  const json sampling = record.value("sampling", json::object());
  const json given = record.value("samples", json());
  const bool repeats = given.is_array() && !given.empty();
  const json path = repeats ? given[0] : given;
  for (const Sampled& s : samples) {
    const bool same = repeats ? json(s.file.path) == path
                              : s.file.label.content == sampling.value("content", "none");
    if (same) return s.model;
  }
  if (!path.is_string()) return "unnamed";
  const json nfe = record.value("nfe", json());
  const json mean = nfe.is_object() ? nfe.value("mean", json()) : nfe;
  const std::string split = sampling.value("split", "");
  return model_name(path, mean.is_number() ? std::llround(mean.get<double>()) : -1) +
         (split.empty() ? "" : ", " + split + " split");
}

}  // namespace

std::vector<std::string> model_names(const std::vector<json>& made) {
  std::vector<std::string> names;
  for (const json& one : made) {
    const std::string name = path_of(one).stem().string();
    const bool alone = std::all_of(made.begin(), made.end(), [&](const json& other) {
      const bool itself =
          other.value("uuid", "") == one.value("uuid", "") && path_of(other) == path_of(one);
      const bool repetition = options_of(other) == options_of(one) &&
                              other.value("seed", json()) != one.value("seed", json());
      return itself || path_of(other).stem() != name || repetition;
    });
    const std::string folder = path_of(one).parent_path().filename().string();
    names.push_back(alone || folder.empty() ? name : folder + "/" + name);
  }
  return names;
}

std::vector<Sampled> samples_of(const std::vector<Given>& files) {
  std::vector<Sampled> samples;
  std::vector<json> makers;
  for (const Given& file : files) {
    if (file.label.kind != "samples") continue;
    const json& facts = file.label.facts;
    const json made = file.label.provenance.empty() ? json::object() : file.label.provenance.back();
    samples.push_back({file, "", facts.value("nfe", 0.0), made.value("seed", json())});
    if (facts.contains("noise")) samples.back().seed = facts["noise"];
    makers.push_back(maker_of(file.label));
    if (!makers.back().is_object() || !makers.back().contains("path")) {
      const std::string name = model_name(file.path, std::llround(samples.back().nfe));
      makers.back() = {{"path", std::filesystem::path(file.path).parent_path() / (name + ".h5")}};
    }
  }
  const auto names = model_names(makers);
  for (size_t i = 0; i < samples.size(); ++i) samples[i].model = names[i];
  std::stable_sort(samples.begin(), samples.end(), [](const Sampled& a, const Sampled& b) {
    const size_t before_a = a.file.label.provenance.size(),
                 before_b = b.file.label.provenance.size();
    return std::tie(before_a, a.model, a.nfe) < std::tie(before_b, b.model, b.nfe);
  });
  return samples;
}

std::vector<std::string> names_of(const std::vector<json>& records,
                                  const std::vector<Sampled>& samples) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<size_t>> alike;
  for (const json& record : records) {
    names.push_back(bare_name(record, samples));
    if (record.contains("sampling")) alike[names.back()].push_back(names.size() - 1);
  }
  for (const auto& [name, places] : alike) {
    // Of one seed and of files in several folders: models that only share a file's name.
    for (const size_t i : places) {
      for (const size_t k : places) {
        const auto folder = folder_of(records[i]);
        if (folder == folder_of(records[k]) || seed_of(records[i]) != seed_of(records[k])) continue;
        if (names[i] == name && !folder.empty()) names[i] = folder + "/" + name;
      }
    }
    std::vector<json> ways;
    for (const size_t i : places) ways.push_back(way_of(records[i]));
    const auto apart = told_apart(ways);
    for (size_t k = 0; k < places.size(); ++k) {
      if (!apart[k].empty()) names[places[k]] += " (" + apart[k] + ")";
    }
  }
  return names;
}

}  // namespace couplet
