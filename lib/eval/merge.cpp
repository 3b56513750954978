#include "eval/merge.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "eval/columns.h"
#include "eval/pairs.h"
#include "io/rows.h"

namespace couplet {

namespace {

/// Rows [begin, end) of the whole.
struct Piece {
  std::string path;
  Artifact artifact;
  int64_t begin = 0, end = 0;

  const json& facts() const { return artifact.label.facts; }
};
using Pieces = std::vector<Piece>;

/// What is kept by rows (all datasets but those named), and the others whole.
std::vector<Column> columns_of(const h5::File& file, const std::set<std::string>& tables) {
  std::vector<Column> all;
  for (const auto& name : file.datasets()) {
    if (tables.contains(name)) continue;
    const auto sizes = file.sizes(name);
    require(!sizes.empty(), file.path(), ": ", name, " has no rows");
    all.push_back({name, file.type(name), {sizes.begin() + 1, sizes.end()}});
  }
  return all;
}

Tensors tables_of(const h5::File& file, const std::set<std::string>& names) {
  Tensors all;
  for (const auto& name : names) {
    if (file.has(name)) all[name] = file.read(name);
  }
  return all;
}

/// What all pieces of one file say alike: options, columns, tables, and the facts but those that
/// each has of its own.
json common(const Piece& piece, const std::set<std::string>& tables,
            const std::set<std::string>& own) {
  json all = {{"config", piece.artifact.label.config}, {"facts", piece.facts()}};
  for (const auto& name : own) all["facts"].erase(name);
  for (const Column& c : columns_of(piece.artifact.file, tables)) {
    all["columns"][c.name] = text(at::toString(c.type), " ", c.shape);
  }
  for (const auto& [name, table] : tables_of(piece.artifact.file, tables)) {
    all["tables"][name] = hash_bytes(table.const_data_ptr(), table.nbytes());
  }
  return all;
}

void require_alike(const Piece& first, const json& of_first, const Piece& other,
                   const json& of_other) {
  const json difference = json::diff(of_first, of_other);
  if (difference.empty()) return;
  fail(other.path, " and ", first.path, " are not of one whole: they differ in ",
       difference[0].value("path", "").substr(1));
}

std::vector<Label> labels_of(const Pieces& pieces) {
  std::vector<Label> all;
  for (const Piece& piece : pieces) all.push_back(piece.artifact.label);
  return all;
}

/// Fills the file with the pieces' rows, which are in order from 0 on.
void join(const Pieces& pieces, const std::vector<Column>& columns, const Run& run, RowFile& file) {
  constexpr int64_t rows_at_once = 4096;
  for (const Piece& piece : pieces) {
    Arrays all;
    for (const Column& c : columns) all[c.name] = piece.artifact.file.array(c.name);
    while (file.done() < piece.end) {
      const int64_t begin = file.done() - piece.begin;
      const int64_t end = std::min(begin + rows_at_once, piece.end - piece.begin);
      Tensors rows;
      for (const auto& [name, column] : all) rows[name] = column.slice(begin, end);
      file.put(file.done(), rows), file.advance(piece.begin + end);
      run.log->progress("merging", file.done(), file.rows());
      if (run.stop() && file.done() < file.rows()) file.pause();
    }
  }
}

// Couplings

const std::set<std::string> pair_tables = {"potentials", "rotation"};
const std::set<std::string> own_of_pairs = {"shard", "quality", "gaussianity", "marginal_error"};
// Each shard measures them anew, on its own processor: their last digits may differ.
const std::set<std::string> measured_anew = {"sigma_f", "verification", "bf16_error"};

int64_t told(const Piece& shard, const char* key) {
  return shard.facts().at("shard").at(key).get<int64_t>();
}

json common_of_shard(const Piece& shard) {
  std::set<std::string> own = own_of_pairs;
  own.insert(measured_anew.begin(), measured_anew.end());
  json all = common(shard, pair_tables, own);
  for (const char* key : {"of", "rows", "seed"}) all[key] = shard.facts().at("shard").at(key);
  return all;
}

Pieces shards_in_order(const std::vector<std::string>& paths) {
  Pieces shards;
  for (const auto& path : paths) {
    shards.push_back({path, open_artifact(path, {"couplings"})});
    Piece& shard = shards.back();
    require(shard.facts().contains("shard"), path,
            ": is no shard: it holds all pairs of its encoding");
    shard.begin = told(shard, "begin"), shard.end = told(shard, "end");
  }
  std::stable_sort(shards.begin(), shards.end(),
                   [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  const Piece& first = shards.front();
  const json of_first = common_of_shard(first);
  int64_t expected = 0;
  for (const Piece& shard : shards) {
    const int64_t number = told(shard, "number"), of = told(shard, "of");
    require_alike(first, of_first, shard, common_of_shard(shard));
    const double sigma = shard.facts().value("sigma_f", 1.0);
    require(std::abs(sigma / first.facts().value("sigma_f", 1.0) - 1) < 1e-6, shard.path, " and ",
            first.path, " are not of one whole: their sigma_f differ");
    require(number >= expected, shard.path, ": shard ", number, " of ", of, " is there twice");
    require(number == expected, "shard ", expected, " of ", of, " is missing");
    expected = number + 1;
  }
  require(expected == told(first, "of"), "shard ", expected, " of ", told(first, "of"),
          " is missing");
  return shards;
}

void merge_couplings(const std::vector<std::string>& paths, const Run& run) {
  const Pieces shards = shards_in_order(paths);
  const h5::File& first = shards.front().artifact.file;
  const auto columns = columns_of(first, pair_tables);
  RowFile file(run, told(shards.front(), "rows"), columns, tables_of(first, pair_tables));
  join(shards, columns, run, file);
  json facts = shards.front().facts();
  for (const auto& name : own_of_pairs) facts.erase(name);
  double error = 0;
  for (const Piece& shard : shards) {
    error = std::max(error, shard.artifact.fact("marginal_error").get<double>());
  }
  facts["marginal_error"] = error;
  const int64_t examples = shards.front().artifact.fact("quality").at("examples").get<int64_t>();
  Label label =
      run.label("couplings", assessed(file.finished(), facts, examples), labels_of(shards));
  label.config = shards.front().artifact.label.config;
  file.seal(label);
}

// Samples

/// The seed, and the model by its content: what no fact of samples tells.
json made_from(const Piece& piece) {
  const json& provenance = piece.artifact.label.provenance;
  require(provenance.is_array() && !provenance.empty(), piece.path,
          ": does not tell of what model and seed it is (--no-provenance)");
  const json& own = provenance.back();
  require(own.value("tool", "") == "sample", piece.path, ": was made by ",
          own.value("tool", "another tool"), "; merge the files that sample wrote");
  const json parents = own.value("parents", json::array());
  std::set<std::string> models;
  for (const json& record : provenance) {
    const bool parent =
        std::find(parents.begin(), parents.end(), record.value("uuid", json())) != parents.end();
    if (parent) models.insert(record.value("content", ""));
  }
  return {{"seed", own.value("seed", json())}, {"model", models}};
}

json common_of_samples(const Piece& piece) {
  // Of an adaptive solver the mean, made anew; the trial of the first batch.
  std::set<std::string> own = {"decoding"};
  if (piece.artifact.file.has("nfe")) own.insert("nfe");
  json all = common(piece, {}, own);
  all.update(made_from(piece));
  return all;
}

Pieces samples_in_order(const std::vector<std::string>& paths) {
  Pieces pieces;
  for (const auto& path : paths) {
    pieces.push_back({path, open_artifact(path, {"samples"})});
    Piece& piece = pieces.back();
    const Tensor row = piece.artifact.file.read("row");
    require(row.dim() == 1 && row.size(0) > 0 && row.scalar_type() == at::kLong, path,
            ": its rows are not numbered");
    piece.begin = row[0].item<int64_t>(), piece.end = piece.begin + row.size(0);
    require(at::equal(row, row_range(piece.begin, piece.end)), path,
            ": its rows do not follow one another");
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  const json of_first = common_of_samples(pieces.front());
  const int64_t origin = pieces.front().begin;
  int64_t expected = origin;
  for (Piece& piece : pieces) {
    require_alike(pieces.front(), of_first, piece, common_of_samples(piece));
    require(piece.begin >= expected, piece.path, ": rows ", piece.begin, " to ",
            std::min(expected, piece.end) - 1, " are there twice");
    require(piece.begin == expected, "rows ", expected, " to ", piece.begin - 1,
            " are missing, before those of ", piece.path);
    expected = piece.end;
    piece.begin -= origin, piece.end -= origin;
  }
  return pieces;
}

void merge_samples(const std::vector<std::string>& paths, const Run& run) {
  const Pieces pieces = samples_in_order(paths);
  const auto columns = columns_of(pieces.front().artifact.file, {});
  RowFile file(run, pieces.back().end, columns);
  join(pieces, columns, run, file);
  json facts = pieces.front().facts();
  if (pieces.front().artifact.file.has("nfe")) facts["nfe"] = mean_of(file.finished(), "nfe");
  Label label = run.label("samples", facts, labels_of(pieces));
  label.config = pieces.front().artifact.label.config;
  // What reads "seed" asks for that of the noise.
  if (!label.provenance.empty())
    label.provenance.back()["seed"] = made_from(pieces.front())["seed"];
  file.seal(label);
}

}  // namespace

void merge_pieces(const std::vector<std::string>& paths, const Run& run) {
  require_option(!paths.empty(),
                 "there is nothing to merge: couplet-convert merge FILE… -o OUTPUT");
  const bool samples = read_label(paths[0], {"couplings", "samples"}).kind == "samples";
  return samples ? merge_samples(paths, run) : merge_couplings(paths, run);
}

}  // namespace couplet
