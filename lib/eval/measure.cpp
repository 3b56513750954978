#include "eval/measure.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/options.h"
#include "base/version.h"
#include "eval/cautions.h"

namespace couplet {

bool asks(const MeasureOptions& options, const std::string& metric) {
  const auto named = [&](const std::string& name) {
    return std::find(options.metrics.begin(), options.metrics.end(), name) != options.metrics.end();
  };
  if (!options.metrics.empty()) return named("all") || named(metric);
  return std::any_of(metrics().begin(), metrics().end(),
                     [&](const Metric& m) { return m.name == metric && m.quick; });
}

void check(const MeasureOptions& options, const SummaryOptions& read) {
  const MeasureOptions usual;
  std::vector<std::string> names{"all"};
  for (const Metric& metric : metrics()) names.push_back(metric.name);
  for (const std::string& name : options.metrics) {
    require_option(std::find(names.begin(), names.end(), name) != names.end(), "no metric '", name,
                   "'", did_you_mean(name, names));
  }
  const auto effect = [&](bool changed, const char* option, const char* name) {
    require_option(!changed || asks(options, name), "option '", option,
                   "' has no effect without the metric '", name, "'");
  };
  effect(options.kid_subsets != usual.kid_subsets || options.kid_size != usual.kid_size, "kid_…",
         "kid");
  effect(options.neighbours != usual.neighbours, "neighbours", "precision");
  effect(options.parts != usual.parts, "parts", "inception_score");
  effect(options.directions != usual.directions, "directions", "sliced_w2");
  effect(options.bootstrap != 0, "bootstrap", "fd");
  if (!asks(options, "sliced_w2")) effect(read.energy_rows != 0, "energy_rows", "energy");
  require_option(options.kid_subsets >= 0 && options.kid_size > 1 && options.neighbours > 0 &&
                     options.parts > 0 && options.directions > 0 && options.bootstrap >= 0,
                 "options 'kid_size' must be above 1, 'neighbours', 'parts' and 'directions' "
                 "positive, 'kid_subsets' and 'bootstrap' 0 or more");
}

bool reads_rows(const MeasureOptions& options) {
  const auto reads = [&](const Metric& m) { return m.rows && asks(options, m.name); };
  return options.bootstrap > 0 || std::any_of(metrics().begin(), metrics().end(), reads);
}

json measure(const Summary& samples, const Summary& reference, const MeasureOptions& options,
             const Random& random) {
  const std::string path = samples.about.value("path", "the samples");
  const std::string against = reference.about.value("path", "the reference");
  const bool known = !reference.shape.empty() && !samples.shape.empty();  // not of bare moments
  require(!known || samples.shape == reference.shape, path, ": examples of shape ",
          at::IntArrayRef(samples.shape), ", those of ", against, " have shape ",
          at::IntArrayRef(reference.shape));
  require_one_unit(samples.about, reference.about);
  require_one_unit(reference.about, samples.about);
  const json& of = samples.about;
  json out = {{"samples", of.value("path", "")},
              {"model", of.value("model", of.value("kind", ""))}};
  if (of.contains("nfe")) out["nfe"] = of["nfe"];
  json measured = json::array();
  const bool all = asks(options, "all");
  for (const Metric& metric : metrics()) {
    if (!asks(options, metric.name)) continue;
    const json found = metric.measure({samples, reference, options, random});
    require(!found.empty() || all || options.metrics.empty(), path, " against ", against,
            ": the metric '", metric.name, "' needs ", metric.needs);
    for (const auto& [name, value] : found.items()) {
      require(!value.is_number() || std::isfinite(value.get<double>()), path, " against ", against,
              ": ", name, " is not finite: numbers too large, or damaged moments");
    }
    if (!found.empty()) measured.push_back(metric.name);
    out.update(found);
  }
  out["rows"] = samples.rows;
  out["non_finite"] = samples.non_finite;
  out["sampling"] = of;
  json beside = reference.about;
  beside["rows"] = reference.rows, beside["non_finite"] = reference.non_finite;
  out["protocol"] = {{"features", samples.protocols},
                     {"reference", beside},
                     {"metrics", measured},
                     {"version", COUPLET_VERSION}};
  if (const json words = cautions({samples, reference, options, random}, measured); !words.empty())
    out["protocol"]["cautions"] = words;
  out["protocol"]["seed"] = random.key();
  out["protocol"]["options"] = write_options(options);
  out["protocol"]["options"].erase("metrics");
  return out;
}

}  // namespace couplet
