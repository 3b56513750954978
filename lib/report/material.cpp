#include "report/material.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace couplet {

namespace {

/// The objects of a JSON file: one, a list of them, or one a line.
std::vector<json> read_records(const std::string& path) {
  std::ifstream in(path);
  require(in.good(), path, ": cannot be read");
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  const json whole = json::parse(all, nullptr, false);
  if (whole.is_object()) return {whole};
  if (whole.is_array()) return {whole.begin(), whole.end()};
  std::vector<json> records;
  std::istringstream lines(all);
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    records.push_back(json::parse(line, nullptr, false));
    require(records.back().is_object(), path, ", line ", number,
            ": neither a file of ours nor JSON lines");
  }
  return records;
}

}  // namespace

Material sort_out(const std::vector<std::string>& paths) {
  Material material;
  for (const auto& path : paths) {
    require(std::filesystem::is_regular_file(path), path, ": there is no such file");
    if (path.ends_with(".h5") || is_artifact(path)) {
      material.files.push_back({path, read_label(path)});
      continue;
    }
    TrainingLog log{path, "", {}, {}};
    for (const json& record : read_records(path)) {
      require(record.is_object(), path, ": holds ", record.type_name(), "s, expected objects");
      (record.contains("step") ? log.records : material.records).push_back(record);
    }
    if (log.records.empty()) continue;
    log.path = std::filesystem::path(path).replace_extension().string();
    if (const size_t end = log.path.rfind(".h5."); end != std::string::npos) {
      log.part = log.path.substr(end + 4), log.path.resize(end + 3);
    }
    if (is_artifact(log.path)) log.label = read_label(log.path);
    material.logs.push_back(log);
  }
  return material;
}

}  // namespace couplet
