#include "eval/summary.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "data/dataset.h"
#include "eval/energy.h"
#include "io/samples.h"

namespace couplet {

namespace {

/// A file's examples, scaled, by batches of rows.
struct Source {
  json about;
  std::vector<int64_t> shape;
  int64_t rows;
  Tensor label, noise_row;
  Tensors columns;
  std::function<Tensor(int64_t begin, int64_t end)> x;
};

/// Facts of a file that say what was sampled and how, and how x was stored.
json about_file(const std::string& path, const Label& label) {
  json about = label.facts;
  for (const char* other : {"shape", "classes"}) about.erase(other);
  about.update({{"path", path}, {"kind", label.kind}, {"content", label.content}});
  return about;
}

Source open_split(const std::string& path, const std::string& split, c10::Device device) {
  const auto data = std::make_shared<Dataset>(open_dataset(path));
  const auto [begin, end] = split_rows(*data, split);
  Source source;
  source.about = about_file(path, data->label);
  source.about["split"] = split;
  source.shape = data->space.shape;
  source.rows = end - begin;
  source.label = data->labels.slice(0, begin, end);
  source.x = [data, device, first = begin](int64_t from, int64_t to) {
    return data->examples(row_range(first + from, first + to), device);
  };
  return source;
}

Source open_samples(const std::string& path, c10::Device device) {
  const auto samples = std::make_shared<Samples>(read_samples(path));
  const auto scaling =
      within(path, [&] { return Scaling::from_json(samples->artifact.label.facts); });
  Source source;
  source.about = about_file(path, samples->artifact.label);
  source.shape = samples->space.shape;
  source.rows = samples->x.size(0);
  source.label = samples->label;
  source.noise_row = samples->row;
  source.columns = samples->columns;
  const auto& made = samples->artifact.label.provenance;
  if (!made.empty() && made.back().contains("seed")) source.about["seed"] = made.back()["seed"];
  source.x = [samples, scaling, device](int64_t from, int64_t to) {
    return scaling.apply(samples->x.slice(0, from, to).to(device));
  };
  return source;
}

Summary read_statistics(const std::string& path) {
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

}  // namespace

Summary summarise(const std::string& path, const Extractors& extractors,
                  const SummaryOptions& options, const Run& run) {
  const std::string kind = read_label(path, {"dataset", "samples", "statistics"}).kind;
  if (kind == "statistics") return read_statistics(path);
  const Source source = kind == "dataset" ? open_split(path, options.split, run.device)
                                          : open_samples(path, run.device);
  Summary summary;
  summary.about = source.about;
  summary.shape = source.shape;
  summary.rows = source.rows;
  summary.protocols = json::object();
  for (const auto& [name, extractor] : extractors) summary.protocols[name] = extractor->protocol();

  std::vector<Tensor> x, kept;
  std::map<std::string, std::vector<Tensor>> features, logits;
  for (int64_t begin = 0; begin < source.rows; begin += options.batch) {
    const int64_t end = std::min(begin + options.batch, source.rows);
    const Tensor given = source.x(begin, end), finite = finite_rows(given);
    const Tensor batch = given.index_select(0, finite);
    kept.push_back(finite.cpu() + begin);
    x.push_back(batch.flatten(1));
    if (source.shape == std::vector<int64_t>{2}) {
      const Tensor found = counts_by_cell(batch);
      summary.histogram = begin == 0 ? found : summary.histogram + found;
    }
    for (const auto& [name, extractor] : extractors) {
      const Extracted found = (*extractor)(batch);
      summary.moments[name].add(found.features);
      if (options.keep_rows) features[name].push_back(found.features.to(at::kCPU, at::kFloat));
      if (found.logits.defined()) logits[name].push_back(found.logits.to(at::kCPU, at::kFloat));
    }
    run.log->progress(text("features of ", path, " ", source.about.value("split", "")), end,
                      source.rows);
  }
  require(!kept.empty(), path, ": has no rows to measure");

  const Tensor rows = at::cat(kept);
  summary.non_finite = source.rows - rows.size(0);
  require(rows.size(0) > 1, path, ": ", rows.size(0), " rows of finite numbers of ", source.rows,
          ", a measure needs two");
  if (summary.non_finite > 0) {
    require(options.allow_non_finite, path, ": ", summary.non_finite, " of ", source.rows,
            " rows hold numbers that are not finite; leave them out with -s allow_non_finite=true");
    run.log->warn(text(path, ": ", summary.non_finite, " of ", source.rows,
                       " rows hold numbers that are not finite; they are left out"));
  }
  summary.label = source.label.index_select(0, rows);
  const Tensor all = at::cat(x);
  if (source.noise_row.defined()) {
    summary.noise_row = source.noise_row.index_select(0, rows), summary.all = all;
  }
  for (const auto& [name, parts] : features) summary.features[name] = at::cat(parts);
  for (const auto& [name, parts] : logits) {
    summary.logits[name] = at::cat(parts);
    if (extractors.at(name)->knows_labels()) summary.predicted = summary.logits[name].argmax(1);
  }
  for (const auto& [name, column] : source.columns)
    summary.columns[name] = column.index_select(0, rows);
  summary.x = spaced_rows(all, options.energy_rows);
  summary.spread = mean_distance(summary.x);
  return summary;
}

void write_statistics(const Run& run, const Summary& summary, const std::vector<Label>& parents) {
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

Tensor counts_by_cell(const Tensor& points) {
  const Tensor cell =
      ((points + kHistogramSide) * (kHistogramCells / (2 * kHistogramSide))).floor();
  const Tensor inside = cell.ge(0).logical_and(cell.lt(kHistogramCells)).all(1);
  const Tensor at = (cell.select(1, 0) * kHistogramCells + cell.select(1, 1)).to(at::kLong);
  const int64_t cells = kHistogramCells * kHistogramCells;
  return at::bincount(at::where(inside, at, cells), {}, cells + 1)
      .narrow(0, 0, cells)
      .view({kHistogramCells, kHistogramCells});
}

Tensor finite_rows(const Tensor& x) { return x.flatten(1).isfinite().all(1).nonzero().view(-1); }

Tensor spaced_rows(const Tensor& x, int64_t n) {
  if (n <= 0 || n >= x.size(0)) return x;
  const Tensor rows = at::arange(n, x.options().dtype(at::kLong)) * x.size(0);
  return x.index_select(0, rows.floor_divide(n));
}

}  // namespace couplet
