#include "eval/statistics.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "eval/source.h"
#include "formats/arrays.h"
#include "formats/npz.h"

namespace couplet {

namespace {

bool holds_moments(const std::string& path, bool rows) {
  if (!is_npz(path)) return false;
  const Arrays arrays = open_npz(path, {"mu", "sigma", "arr_0"}).arrays;
  if (rows && arrays.contains("arr_0")) return false;
  return arrays.contains("mu") && arrays.contains("sigma");
}

/// The extractor that moments without a name are of: the one beside pixels.
std::string named_extractor(const std::map<std::string, Moments>& moments) {
  for (const auto& [name, of] : moments) {
    if (name != "pixels") return name;
  }
  return "pixels";
}

Summary read_ours(const std::string& path) {
  const Artifact artifact = open_artifact(path, {"statistics"});
  Summary summary;
  summary.about = about_file(path, artifact.label);
  summary.protocols = artifact.fact("features");
  summary.shape = artifact.fact("shape").get<std::vector<int64_t>>();
  summary.rows = artifact.fact("rows").get<int64_t>();
  summary.non_finite = artifact.fact("non_finite").get<int64_t>();
  for (const auto& [name, protocol] : summary.protocols.items()) {
    const auto read = [&](const char* what) { return artifact.file.read(text(name, "/", what)); };
    summary.moments[name] =
        Moments::of(read("mean"), read("covariance"), read("count").item<int64_t>());
  }
  return summary;
}

Summary read_moments(const std::string& path, const Extractors& extractors, const Run& run) {
  const Arrays arrays = open_npz(path, {"mu", "sigma"}).arrays;
  std::map<std::string, Moments> known;
  for (const auto& [name, extractor] : extractors) known[name];
  const std::string name = named_extractor(known);
  run.log->warn(
      text(path, ": does not say of which features its moments are; taken as those of ", name));
  Summary summary;
  summary.about = {{"path", path}, {"kind", "moments"}, {"content", hash_file(path)}};
  summary.protocols[name] = extractors.at(name)->protocol();
  // How many rows there were is not known: as many as give the covariance full rank.
  const Tensor mean = arrays.at("mu").all();
  summary.moments[name] =
      within(path, [&] { return Moments::of(mean, arrays.at("sigma").all(), mean.numel() + 1); });
  return summary;
}

}  // namespace

bool holds_statistics(const std::string& path, bool rows) {
  return is_artifact(path) ? read_label(path).kind == "statistics" : holds_moments(path, rows);
}

Summary read_statistics(const std::string& path, const Extractors& extractors, const Run& run) {
  return is_artifact(path) ? read_ours(path) : read_moments(path, extractors, run);
}

void check_statistics_name(const std::string& output) {
  require_option(output.ends_with(".npz") || output.ends_with(".h5"), output,
                 ": statistics are written as .h5 or .npz");
}

void merge_statistics(const std::vector<std::string>& paths, const Run& run) {
  check_statistics_name(run.output);
  // Features are made alike where their protocols agree in all but where the network lay.
  const auto alike = [](json protocols) {
    for (auto& protocol : protocols) protocol.erase("path");
    return protocols;
  };
  Summary whole;
  json parts = json::array();
  for (const std::string& path : paths) {
    Summary part = read_ours(path);
    const json own = part.about["of"].value("parts", json::array({part.about["content"]}));
    for (const json& content : own) {
      require(std::find(parts.begin(), parts.end(), content) == parts.end(), path,
              ": is there twice");
      parts.push_back(content);
    }
    if (whole.shape.empty()) {
      whole = std::move(part);
      continue;
    }
    require(part.shape == whole.shape, path, ": of examples of shape ", at::IntArrayRef(part.shape),
            ", those of ", paths[0], " have shape ", at::IntArrayRef(whole.shape));
    require(alike(part.protocols) == alike(whole.protocols), path, ": its features ",
            alike(part.protocols).dump(), " are not made as those of ", paths[0], ", ",
            alike(whole.protocols).dump());
    whole.rows += part.rows, whole.non_finite += part.non_finite;
    for (auto& [name, moments] : whole.moments) moments.merge(part.moments.at(name));
  }
  whole.about = {{"kind", "statistics"}, {"parts", parts}};
  write_statistics(run, whole, paths);
}

void write_statistics(const Run& run, const Summary& summary,
                      const std::vector<std::string>& made_from) {
  if (!run.leads()) return;
  if (run.output.ends_with(".npz")) {
    const Moments& moments = summary.moments.at(named_extractor(summary.moments));
    return write_npz(run.output,
                     {{"mu", moments.mean().cpu()}, {"sigma", moments.covariance().cpu()}});
  }
  std::vector<Label> parents;
  for (const std::string& file : made_from) {
    if (is_artifact(file)) parents.push_back(read_label(file));
  }
  json of = summary.about, features = summary.protocols;
  of.erase("path");  // equal runs in other folders give equal contents
  for (auto& protocol : features) protocol.erase("path");
  const json facts = {{"of", of},
                      {"features", features},
                      {"shape", summary.shape},
                      {"rows", summary.rows},
                      {"non_finite", summary.non_finite}};
  write_artifact(run.output, run.label("statistics", facts, parents), [&](h5::File& file) {
    for (const auto& [name, moments] : summary.moments) {
      file.write(name + "/mean", moments.mean().cpu());
      file.write(name + "/covariance", moments.covariance().cpu());
      file.write(name + "/count", at::scalar_tensor(moments.count(), at::kLong));
    }
  });
}

}  // namespace couplet
