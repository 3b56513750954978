#include "eval/merge.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "eval/pairs.h"
#include "io/rows.h"

namespace couplet {

namespace {

const std::vector<std::string> column_names = {"x1",    "label", "source", "x0",
                                               "log_p", "norm2", "flip"};

struct ShardFile {
  std::string path;
  Artifact artifact;
  json shard;  ///< number, of, begin, end, rows

  int64_t at(const char* key) const { return shard.at(key).get<int64_t>(); }
  /// What all shards of one encoding say alike.
  json common() const {
    json facts = artifact.label.facts;
    for (const char* own : {"shard", "quality", "gaussianity", "marginal_error"}) facts.erase(own);
    json all = {{"config", artifact.label.config}, {"facts", facts}};
    for (const char* key : {"of", "rows", "seed"}) all[key] = shard.at(key);
    for (const Column& c : columns()) {
      all["columns"][c.name] = text(at::toString(c.type), " ", c.shape);
    }
    for (const auto& [name, table] : tables()) {
      all["tables"][name] = hash_bytes(table.const_data_ptr(), table.nbytes());
    }
    return all;
  }
  std::vector<Column> columns() const {
    std::vector<Column> all;
    for (const auto& name : column_names) {
      if (!artifact.file.has(name)) continue;
      const auto sizes = artifact.file.sizes(name);
      all.push_back({name, artifact.file.type(name), {sizes.begin() + 1, sizes.end()}});
    }
    return all;
  }
  /// What is there besides: "potentials", "rotation".
  Tensors tables() const {
    Tensors all;
    for (const auto& name : artifact.file.datasets()) {
      const bool column =
          std::find(column_names.begin(), column_names.end(), name) != column_names.end();
      if (!column) all[name] = artifact.file.read(name);
    }
    return all;
  }
};

/// The shards in order. Errors: as of merge_shards.
std::vector<ShardFile> in_order(const std::vector<std::string>& paths) {
  std::vector<ShardFile> shards;
  for (const auto& path : paths) {
    Artifact artifact = open_artifact(path, {"couplings"});
    const json shard = artifact.label.facts.value("shard", json());
    require(shard.is_object(), path, ": is no shard: it holds all pairs of its encoding");
    shards.push_back({path, std::move(artifact), shard});
  }
  require(!shards.empty(), "there are no shards to merge");
  std::stable_sort(shards.begin(), shards.end(),
                   [](auto& a, auto& b) { return a.at("begin") < b.at("begin"); });
  const ShardFile& first = shards.front();
  int64_t expected = 0;
  for (const ShardFile& shard : shards) {
    const int64_t number = shard.at("number"), of = shard.at("of");
    const json difference = json::diff(first.common(), shard.common());
    require(difference.empty(), shard.path, " and ", first.path,
            " are not of one encoding: they differ in ",
            difference.empty() ? "" : difference[0].value("path", ""));
    require(number >= expected, shard.path, ": shard ", number, " of ", of, " is there twice");
    require(number == expected, "shard ", expected, " of ", of, " is missing");
    expected = number + 1;
  }
  require(expected == first.at("of"), "shard ", expected, " of ", first.at("of"), " is missing");
  return shards;
}

}  // namespace

void merge_shards(const std::vector<std::string>& paths, const Run& run) {
  constexpr int64_t rows_at_once = 4096;
  const std::vector<ShardFile> shards = in_order(paths);
  const std::vector<Column> columns = shards.front().columns();
  RowFile file(run, shards.front().at("rows"), columns, shards.front().tables());
  for (const ShardFile& shard : shards) {
    Tensors all;
    for (const Column& c : columns) all[c.name] = shard.artifact.file.map(c.name);
    while (file.done() < shard.at("end")) {
      const int64_t begin = file.done() - shard.at("begin");
      const int64_t count = std::min(rows_at_once, shard.at("end") - file.done());
      Tensors rows;
      for (const auto& [name, column] : all) rows[name] = column.narrow(0, begin, count).clone();
      for (const auto& [name, column] : all) h5::release_pages(column.narrow(0, begin, count));
      file.put(file.done(), rows), file.advance(file.done() + count);
      run.log->progress("merging", file.done(), file.rows());
      if (run.stop() && file.done() < file.rows()) file.pause();
    }
  }
  json facts = shards.front().common()["facts"];
  double error = 0;
  for (const ShardFile& shard : shards) {
    error = std::max(error, shard.artifact.fact("marginal_error").get<double>());
  }
  facts["marginal_error"] = error;
  const int64_t examples = shards.front().artifact.fact("quality").at("examples").get<int64_t>();
  std::vector<Label> parents;
  for (const ShardFile& shard : shards) parents.push_back(shard.artifact.label);
  Label label = run.label("couplings", assessed(file.finished(), facts, examples), parents);
  label.config = shards.front().artifact.label.config;
  file.seal(label);
}

}  // namespace couplet
