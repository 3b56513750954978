#include "eval/metric.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/version.h"
#include "eval/energy.h"

namespace couplet {

namespace {

/// "fd" in the features of a classifier, "fd_pixels" in pixels, …
json frechet_distances(const Summary& samples, const Summary& reference) {
  json out = json::object();
  for (const auto& [name, moments] : samples.moments) {
    const auto found = reference.moments.find(name);
    const std::string path = reference.about.value("path", "the reference");
    require(found != reference.moments.end(), path, ": has no features of '", name, "'");
    const auto& ours = samples.protocols.at(name);
    const auto& theirs = reference.protocols.at(name);
    require(ours.value("content", "") == theirs.value("content", ""), path,
            ": its features are of ", name, " ", theirs.value("content", "none"),
            ", the samples' of ", ours.value("content", "none"),
            "; make the statistics again with these --features");
    out[name == "classifier" ? "fd" : "fd_" + name] = frechet_distance(moments, found->second);
  }
  return out;
}

json energy(const Summary& samples, const Summary& reference) {
  if (!samples.x.defined() || !reference.x.defined()) return json::object();
  const double across = mean_distance(samples.x, reference.x);
  return {{"energy", 2 * across - samples.spread - reference.spread},
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
json endpoint_rmse(const Summary& samples, const Summary& reference) {
  if (!of_one_noise(samples, reference)) return json::object();
  const Tensor squares = (samples.all - reference.all).to(at::kDouble).square().sum(1);
  return {{"endpoint_rmse", squares.mean().sqrt().item<double>()}};
}

// sum p log(p / q) over cells, p of the reference, q of the samples with half a point more a cell.
json kl_histogram(const Summary& samples, const Summary& reference) {
  if (!samples.histogram.defined() || !reference.histogram.defined()) return json::object();
  const Tensor p = reference.histogram.to(at::kDouble);
  const double inside = p.sum().item<double>();
  if (inside < 0.99 * static_cast<double>(reference.rows)) return json::object();
  const Tensor q = samples.histogram.to(at::kDouble) + 0.5;
  return {{"kl", at::kl_div((q / q.sum()).log(), p / inside, at::Reduction::Sum).item<double>()}};
}

json label_agreement(const Summary& samples, const Summary&) {
  if (!samples.predicted.defined()) return json::object();
  const Tensor asked = samples.label >= 0;
  const int64_t rows = asked.sum().item<int64_t>();
  if (rows == 0) return json::object();
  const auto agreed = (asked & (samples.predicted == samples.label)).sum().item<int64_t>();
  return {{"label_agreement", static_cast<double>(agreed) / static_cast<double>(rows)}};
}

json column_means(const Summary& samples, const Summary&) {
  json out = json::object();
  for (const auto& [name, column] : samples.columns) {
    out[name] = column.to(at::kDouble).mean().item<double>();
  }
  return out;
}

}  // namespace

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> table = {
      {"fd", "Fréchet distance in each extractor's features", frechet_distances},
      {"energy", "energy distance in pixels, U-statistic", energy},
      {"endpoint_rmse",
       "root mean square of the distance to a reference of samples made from the same noise",
       endpoint_rmse},
      {"kl",
       "of points of the plane, Kullback-Leibler of the reference from the samples, nats, by "
       "histograms of 32 x 32 cells on [-3, 3]^2",
       kl_histogram},
      {"label_agreement", "share of the rows that the classifier gives the label asked for",
       label_agreement},
      {"columns", "means of the samples' own columns: curvature, …", column_means},
  };
  return table;
}

json measure(const Summary& samples, const Summary& reference) {
  require(samples.shape == reference.shape, samples.about.value("path", "the samples"),
          ": examples of shape ", at::IntArrayRef(samples.shape), ", those of ",
          reference.about.value("path", "the reference"), " have shape ",
          at::IntArrayRef(reference.shape));
  const json& of = samples.about;
  json out = {{"samples", of.value("path", "")},
              {"model", of.value("model", of.value("kind", ""))}};
  if (of.contains("nfe")) out["nfe"] = of["nfe"];
  for (const Metric& metric : metrics()) out.update(metric.measure(samples, reference));
  out["rows"] = samples.rows;
  out["non_finite"] = samples.non_finite;
  out["sampling"] = of;
  json against = reference.about;
  against["rows"] = reference.rows, against["non_finite"] = reference.non_finite;
  out["protocol"] = {{"features", samples.protocols},
                     {"reference", against},
                     {"preprocessing", "as stored, scaled; no resizing"},
                     {"version", COUPLET_VERSION}};
  return out;
}

}  // namespace couplet
