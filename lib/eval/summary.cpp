#include "eval/summary.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "base/finite.h"
#include "eval/source.h"
#include "eval/statistics.h"

namespace couplet {

namespace {

constexpr int64_t most_parts = 16;
constexpr int64_t most_numbers = int64_t{1} << 28;  // of rows that are kept: 1 GiB

/// What extractors find in some rows, by their names.
struct Found {
  std::map<std::string, Moments> moments;
  std::map<std::string, std::vector<Tensor>> features, logits;

  void add(const std::string& name, const Extracted& rows, bool keep_rows) {
    moments[name].add(rows.features);
    if (keep_rows) features[name].push_back(rows.features.to(at::kCPU, at::kFloat));
    if (rows.logits.defined()) logits[name].push_back(rows.logits.to(at::kCPU, at::kFloat));
  }

  /// Takes in what one process has found in the rows that follow.
  void merge(const std::string& name, Found& other, const Group& group, int64_t process) {
    moments[name].merge(other.moments[name].at_all(group, process));
    const auto follow = [&](std::vector<Tensor>& all, const std::vector<Tensor>& own) {
      const Tensor rows = tensor_of(group, own.empty() ? Tensor() : at::cat(own), process);
      if (rows.defined()) all.push_back(rows);
    };
    follow(features[name], other.features[name]);
    follow(logits[name], other.logits[name]);
  }
};

/// The rows fall into parts, whose number depends on them alone; each is one process's work, and
/// what is found in them is merged in their order. So the number of processes changes no bit.
Found extract(const Extractors& extractors, int64_t batches,
              const std::function<Tensor(int64_t batch)>& read, bool keep_rows, const Run& run) {
  const Group& group = *run.group;
  const int64_t parts = std::min(most_parts, batches), longest = (batches + parts - 1) / parts;
  const auto first_batch = [&](int64_t part) { return std::min(part, parts) * batches / parts; };
  Found all;
  for (int64_t part = 0; part < parts; part += group.size()) {
    Found own;
    const int64_t begin = first_batch(part + group.rank());
    const int64_t end = first_batch(part + group.rank() + 1);
    for (int64_t batch = begin; batch < begin + longest; ++batch) {
      if (batch < end) {
        const Tensor x = read(batch);
        for (const auto& [name, extractor] : extractors) own.add(name, (*extractor)(x), keep_rows);
      }
      if (run.stop()) throw NothingKept("stopped; an evaluation keeps nothing, run it again");
    }
    for (int64_t r = 0; r < std::min(group.size(), parts - part); ++r) {
      for (const auto& [name, extractor] : extractors) all.merge(name, own, group, r);
    }
  }
  return all;
}

/// Pixels beside other features only where they are few: their covariance grows with the square,
/// its roots with the cube of an image's numbers. Errors: pixels alone that are too many.
Extractors affordable(Extractors all, int64_t dims, const std::string& path) {
  if (all.size() > 1 && dims > 1024) all.erase("pixels");
  require_option(dims <= 1 << 14 || !all.contains("pixels"), path, ": ", dims,
                 " numbers an example are too many for a Fréchet distance of pixels; give "
                 "--features");
  return all;
}

/// Images that are no bytes are taken as -1 .. 1: by published networks, and where they come from
/// elsewhere. Errors: levels 0 .. 255 as floats for a network.
void warn_of_levels(const std::string& path, const Tensor& x, const json& protocols, bool images,
                    const Run& run) {
  const bool network = std::any_of(protocols.begin(), protocols.end(),
                                   [](const json& p) { return p.contains("quantised"); });
  if (!network && !images) return;
  const auto [low, high] = at::aminmax(x);
  const bool levels = high.item<double>() > 8;
  require(!network || !levels, path, ": images that are not bytes are taken as -1 .. 1, found ",
          low.item<double>(), " .. ", high.item<double>(), "; store bytes 0 .. 255");
  if (!levels && low.item<double>() < 0) return;
  run.log->warn(text(path, ": images that are not bytes are taken as -1 .. 1, found ",
                     low.item<double>(), " .. ", high.item<double>()));
}

}  // namespace

Summary summarise(const std::string& path, const Extractors& given, const SummaryOptions& options,
                  const Run& run) {
  require_option(options.batch > 0, "option 'batch' must be positive, found ", options.batch);
  require_option(options.energy_rows >= 0, "option 'energy_rows' must be 0 (all) or more, found ",
                 options.energy_rows);
  if (holds_statistics(path, options.keep_rows)) return read_statistics(path, given, run);
  const Source source = open_source(path, options.split, run.device);
  int64_t dims = 1;
  for (const int64_t size : source.x.shape()) dims *= size;
  const Extractors extractors = affordable(given, dims, path);
  const bool fits = source.x.rows() <= most_numbers / dims;
  Summary summary;
  summary.about = source.about;
  summary.shape = source.x.shape();
  summary.rows = source.x.rows();
  summary.protocols = json::object();
  for (const auto& [name, extractor] : extractors) summary.protocols[name] = extractor->protocol();

  const int64_t batches = (summary.rows + options.batch - 1) / options.batch;
  require(batches > 0, path, ": has no rows to measure");
  std::vector<Tensor> x(batches), kept(batches);
  const auto rows_of = [&](int64_t b) {
    const int64_t begin = b * options.batch, end = std::min(begin + options.batch, summary.rows);
    const Tensor given = source.x.slice(begin, end), finite = finite_rows(given).nonzero().view(-1);
    const Tensor batch = given.index_select(0, finite);
    if (run.leads()) kept[b] = finite.cpu() + begin;
    if (run.leads() && fits) x[b] = batch.flatten(1);
    return batch;
  };
  const std::string what = text("features of ", path, " ", source.about.value("split", ""));
  int64_t seen = 0;  // as if all processes kept step
  const auto read = [&](int64_t b) {
    seen = std::min(summary.rows, seen + options.batch * run.group->size());
    run.log->progress(what, seen, summary.rows);
    return rows_of(b);
  };
  auto [moments, features, logits] = extract(extractors, batches, read, options.keep_rows, run);
  summary.moments = std::move(moments);
  for (const auto& [name, of] : summary.moments) {
    require(of.count() == 0 || of.mean().isfinite().all().item<bool>(), path, ": features of ",
            name, " are not finite: the network overflows, or its weights are damaged");
  }
  if (!run.leads()) return summary;

  for (int64_t b = 0; b < batches; ++b) {  // of other processes
    if (!kept[b].defined()) rows_of(b);
  }
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
  summary.label = source.label.index_select(0, rows);
  const Tensor all =
      fits ? at::cat(x) : source.x.take(spaced_rows(rows, most_numbers / dims)).flatten(1);
  const bool images = source.about["kind"] == "foreign" && !source.about.contains("scale") &&
                      summary.shape.size() == 3;
  warn_of_levels(path, all, summary.protocols, images, run);
  if (summary.shape == std::vector<int64_t>{2}) summary.histogram = counts_by_cell(all);
  if (fits && source.noise_row.defined()) {
    summary.noise_row = source.noise_row.index_select(0, rows), summary.all = all;
  }
  for (const auto& [name, parts] : features) {
    if (!parts.empty()) summary.features[name] = at::cat(parts);
  }
  for (const auto& [name, parts] : logits) {
    if (parts.empty()) continue;
    summary.logits[name] = at::cat(parts);
    if (extractors.at(name)->knows_labels()) summary.predicted = summary.logits[name].argmax(1);
  }
  for (const auto& [name, column] : source.columns)
    summary.columns[name] = column.index_select(0, rows);
  summary.x = spaced_rows(all, options.energy_rows);
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

Tensor spaced_rows(const Tensor& x, int64_t n) {
  if (n <= 0 || n >= x.size(0)) return x;
  const Tensor rows = at::arange(n, x.options().dtype(at::kLong)) * x.size(0);
  return x.index_select(0, rows.floor_divide(n));
}

}  // namespace couplet
