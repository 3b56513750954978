#include "eval/summary.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "eval/energy.h"
#include "eval/source.h"
#include "eval/statistics.h"

namespace couplet {

Summary summarise(const std::string& path, const Extractors& extractors,
                  const SummaryOptions& options, const Run& run) {
  if (holds_statistics(path)) return read_statistics(path, extractors, run);
  const Source source = open_source(path, options.split, run.device);
  Summary summary;
  summary.about = source.about;
  summary.shape = source.x.shape();
  summary.rows = source.x.rows();
  summary.protocols = json::object();
  for (const auto& [name, extractor] : extractors) summary.protocols[name] = extractor->protocol();

  std::vector<Tensor> x, kept;
  std::map<std::string, std::vector<Tensor>> features, logits;
  for (int64_t begin = 0; begin < summary.rows; begin += options.batch) {
    const int64_t end = std::min(begin + options.batch, summary.rows);
    const Tensor given = source.x.slice(begin, end), finite = finite_rows(given);
    const Tensor batch = given.index_select(0, finite);
    kept.push_back(finite.cpu() + begin);
    x.push_back(batch.flatten(1));
    if (summary.shape == std::vector<int64_t>{2}) {
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
                      summary.rows);
  }
  require(!kept.empty(), path, ": has no rows to measure");

  const Tensor rows = at::cat(kept);
  summary.non_finite = summary.rows - rows.size(0);
  require(rows.size(0) > 1, path, ": ", rows.size(0), " rows of finite numbers of ", summary.rows,
          ", a measure needs two");
  if (summary.non_finite > 0) {
    require(options.allow_non_finite, path, ": ", summary.non_finite, " of ", summary.rows,
            " rows hold numbers that are not finite; leave them out with -s allow_non_finite=true");
    run.log->warn(text(path, ": ", summary.non_finite, " of ", summary.rows,
                       " rows hold numbers that are not finite; they are left out"));
  }
  for (const auto& [name, moments] : summary.moments) {
    const int64_t dims = moments.mean().size(0);
    if (rows.size(0) > dims) continue;
    run.log->warn(text(path, ": ", rows.size(0), " rows for the ", dims, " dimensions of ", name,
                       ": distances of moments come out too large"));
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
