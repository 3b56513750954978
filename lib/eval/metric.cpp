#include "eval/metric.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "eval/columns.h"
#include "eval/energy.h"
#include "eval/inception_score.h"
#include "eval/kernel_distance.h"
#include "eval/manifold.h"
#include "eval/neighbours.h"
#include "eval/sliced.h"

namespace couplet {

namespace {

/// The Fréchet distance is a FID, the kernel distance a KID, in the features of the FID's network.
std::string called(const std::string& of_fid, const std::string& otherwise,
                   const std::string& extractor, const json& protocol) {
  if (protocol.value("fid", false)) return of_fid;
  return extractor == "classifier" ? otherwise : otherwise + "_" + extractor;
}

constexpr const char* rows_of_both = "the rows of samples and reference";

/// The protocol of an extractor that both sides went through. Errors: other features there.
const json& common_protocol(const Comparison& c, const std::string& name) {
  const std::string path = c.reference.about.value("path", "the reference");
  require(c.reference.moments.contains(name), path, ": has no features of '", name, "'");
  const auto& ours = c.samples.protocols.at(name);
  const auto& theirs = c.reference.protocols.at(name);
  for (const char* what : {"content", "input", "quantised"}) {
    const json a = ours.value(what, json()), b = theirs.value(what, json());
    require(a == b, path, ": its features of ", name, " have \"", what, "\" ", b.dump(),
            ", the samples' ", a.dump(), "; make the statistics again with these --features");
  }
  return ours;
}

/// Basic bootstrap, at 95 %: both sides drawn anew, with replacement.
json interval(const Comparison& c, const std::string& name, double distance) {
  const auto drawn = [&](const Summary& of, const char* side, int64_t i) {
    const Tensor& f = of.features.at(name);
    const int64_t n = f.size(0);
    const Tensor u = c.random.stream(text("bootstrap ", side, i)).uniform(row_range(0, n), {});
    Moments moments;
    moments.add(f.index_select(0, (u * n).to(at::kLong).clamp_max(n - 1)));
    return moments;
  };
  Tensor found = at::empty({c.options.bootstrap}, at::kDouble);
  for (int64_t i = 0; i < found.size(0); ++i) {
    found[i] = frechet_distance(drawn(c.samples, "samples", i), drawn(c.reference, "reference", i));
  }
  const Tensor ends = 2 * distance - found.quantile(at::tensor({0.975, 0.025}, at::kDouble));
  return {ends[0].item<double>(), ends[1].item<double>()};
}

json frechet_distances(const Comparison& c) {
  json out = json::object();
  for (const auto& [name, moments] : c.samples.moments) {
    if (name == "pixels" && !c.reference.moments.contains(name))
      continue;  // moments from elsewhere
    const std::string key = called("fid", "fd", name, common_protocol(c, name));
    const double distance = frechet_distance(moments, c.reference.moments.at(name));
    out[key] = distance;
    if (c.options.bootstrap > 0) {
      require_option(c.reference.features.contains(name), "option 'bootstrap' needs ",
                     rows_of_both);
      out[key + "_interval"] = interval(c, name, distance);
    }
  }
  return out;
}

json kernel_distances(const Comparison& c) {
  json out = json::object();
  for (const auto& [name, x] : c.samples.features) {
    if (!c.reference.features.contains(name)) continue;
    const Tensor& y = c.reference.features.at(name);
    const std::string key = called("kid", "kd", name, common_protocol(c, name));
    const int64_t fewest = std::min(x.size(0), y.size(0));
    require_option(c.options.kid_size <= fewest || c.options.kid_size == MeasureOptions().kid_size,
                   "option 'kid_size' is ", c.options.kid_size, ", of ", fewest, " rows");
    const int64_t size = std::min(c.options.kid_size, fewest);
    if (c.options.kid_subsets == 0 || size == std::max(x.size(0), y.size(0))) {
      out[key] = kernel_distance(x, y);  // every subset would be the whole
    } else {
      const auto [mean, deviation] =
          kernel_distance_of_subsets(x, y, c.options.kid_subsets, size, c.random.stream("kid"));
      out[key] = mean, out[key + "_deviation"] = deviation, out["kid_size"] = size;
    }
  }
  return out;
}

/// The extractor that sees most: its name, or none where a side has no rows.
std::string best_extractor(const Comparison& c) {
  std::string best;
  for (const auto& [name, features] : c.samples.features) {
    if (c.reference.features.contains(name) && (best.empty() || best == "pixels")) best = name;
  }
  return best;
}

json precision_and_recall(const Comparison& c) {
  const std::string name = best_extractor(c);
  if (name.empty()) return json::object();
  const auto found =
      manifold(c.samples.features.at(name), c.reference.features.at(name), c.options.neighbours);
  return {{"precision", found.precision},
          {"recall", found.recall},
          {"density", found.density},
          {"coverage", found.coverage},
          {"manifold_of", name}};
}

json nearest_rows(const Comparison& c) {
  const std::string name = best_extractor(c);
  if (name.empty()) return json::object();
  const Tensor &x = c.samples.features.at(name), &y = c.reference.features.at(name);
  const auto mean = [](const Tensor& squares) { return squares.sqrt().mean().item<double>(); };
  return {{"nearest", mean(nearest(x, y))},
          {"nearest_in_reference", mean(nearest_others(y, 1))},
          {"nearest_of", name}};
}

json score(const Comparison& c) {
  json out = json::object();
  for (const auto& [name, logits] : c.samples.logits) {
    const bool fid = c.samples.protocols.at(name).value("fid", false);
    // Folders of images come class by class, a part of the score is of all.
    const Tensor u = c.random.stream("parts").uniform(row_range(0, logits.size(0)), {});
    const Tensor mixed = logits.index_select(0, u.argsort().to(logits.device()));
    const auto [mean, deviation] = inception_score(mixed, c.options.parts);
    const std::string key = fid ? "inception_score" : "score_" + name;
    out[key] = mean, out[key + "_deviation"] = deviation;
  }
  return out;
}

json sliced(const Comparison& c) {
  const Tensor &x = c.samples.x, &y = c.reference.x;
  if (!x.defined() || !y.defined()) return json::object();
  const Tensor u = directions(x.size(1), c.options.directions, c.random.stream("directions"));
  return {{"sliced_w2", sliced_w2_squared(x, y, u)}};
}

double spread(const Summary& of) {
  if (!of.spread) of.spread = mean_distance(of.x);
  return *of.spread;
}

json energy(const Comparison& c) {
  const auto& [samples, reference, options, random] = c;
  if (!samples.x.defined() || !reference.x.defined()) return json::object();
  const double across = mean_distance(samples.x, reference.x);
  return {{"energy", 2 * across - spread(samples) - spread(reference)},
          {"energy_rows", {samples.x.size(0), reference.x.size(0)}}};
}

/// Whether two files were made from the same noise for the same labels, row by row.
bool of_one_noise(const Summary& a, const Summary& b) {
  const auto same = [&](const char* fact) {
    return a.about.value(fact, json()) == b.about.value(fact, json());
  };
  return a.noise_row.defined() && b.noise_row.defined() && at::equal(a.noise_row, b.noise_row) &&
         same("noise") &&
         (a.about.contains("noise") || (a.about.contains("seed") && same("seed"))) &&
         at::equal(a.label, b.label);
}

// Where the same noise ends: of a map and of its teacher, how far they are apart.
json endpoint_rmse(const Comparison& c) {
  const auto& [samples, reference, options, random] = c;
  if (!of_one_noise(samples, reference)) return json::object();
  const Tensor squares = (samples.all - reference.all).to(at::kDouble).square().sum(1);
  return {{"endpoint_rmse", squares.mean().sqrt().item<double>()}};
}

// sum p log(p / q) over cells, p of the reference, q of the samples with half a point more a cell.
json kl_histogram(const Comparison& c) {
  const auto& [samples, reference, options, random] = c;
  if (!samples.histogram.defined() || !reference.histogram.defined()) return json::object();
  const Tensor p = reference.histogram.to(at::kDouble);
  const double inside = p.sum().item<double>();
  if (inside < 0.99 * static_cast<double>(reference.rows)) return json::object();
  const Tensor q = samples.histogram.to(at::kDouble) + 0.5;
  // Samples outside all cells count as mass that is nowhere.
  const double all = static_cast<double>(samples.rows - samples.non_finite + q.numel() / 2);
  return {{"kl", at::kl_div((q / all).log(), p / inside, at::Reduction::Sum).item<double>()}};
}

json label_agreement(const Comparison& c) {
  const Summary& samples = c.samples;
  if (!samples.predicted.defined()) return json::object();
  const Tensor asked = samples.label >= 0;
  const int64_t rows = asked.sum().item<int64_t>();
  if (rows == 0) return json::object();
  const auto agreed = (asked & (samples.predicted == samples.label)).sum().item<int64_t>();
  return {{"label_agreement", static_cast<double>(agreed) / static_cast<double>(rows)}};
}

json column_means(const Comparison& c) {
  json out = json::object();
  for (const auto& [name, column] : c.samples.columns) {
    const Tensor a = column.to(at::kDouble);
    out[name] = (holds_rms(name) ? a.square().mean().sqrt() : a.mean()).item<double>();
  }
  return out;
}

}  // namespace

const std::vector<Metric>& metrics() {
  const std::string both = rows_of_both, images = "examples on both sides";
  static const std::vector<Metric> table = {
      {"fd", "Fréchet distance in each extractor's features", "features", true, false,
       frechet_distances},
      {"energy", "energy distance in pixels, U-statistic", images, true, false, energy},
      {"endpoint_rmse",
       "root mean square of the distance to a reference of samples made from the same noise",
       "samples of one noise on both sides", true, false, endpoint_rmse},
      {"kl",
       "of points of the plane, Kullback-Leibler of the reference from the samples, nats, by "
       "histograms of 32 x 32 cells on [-3, 3]^2",
       "points of the plane", true, false, kl_histogram},
      {"label_agreement", "share of the rows that the classifier gives the label asked for",
       "a classifier, and samples with labels", true, false, label_agreement},
      {"columns",
       "means of the samples' own columns, of root mean squares the root of the mean square",
       "such columns", true, false, column_means},
      {"kid", "kernel distance in each extractor's features (1801.01401)", both, false, true,
       kernel_distances},
      {"precision", "precision, recall (1904.06991), density, coverage (2002.09797)", both, false,
       true, precision_and_recall},
      {"inception_score", "exp E KL(p(y|x) | p(y)) by a network's classes (1606.03498)",
       "a network with classes", false, true, score},
      {"sliced_w2", "squared sliced Wasserstein distance in pixels", images, false, false, sliced},
      {"nearest",
       "mean distance of a sample to the nearest row of the reference, and of those to "
       "each other: far less where the data were learned by heart",
       both, false, true, nearest_rows},
  };
  return table;
}

}  // namespace couplet
