#include "eval/cautions.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace couplet {

namespace {

/// Of the labels, the share that each class has; undefined where there are none.
Tensor class_shares(const Tensor& label, int64_t classes) {
  const Tensor known = label.masked_select(label.ge(0));
  if (known.size(0) == 0) return {};
  return known.bincount({}, classes).to(at::kDouble) / static_cast<double>(known.size(0));
}

}  // namespace

void require_one_unit(const json& about, const json& other) {
  const json& of = other.contains("of") ? other["of"] : other;  // of statistics
  require(
      about.value("kind", "") != "foreign" || about.contains("scale") ||
          !of.value("scale", json()).is_array(),
      about.value("path", ""), ": its numbers are taken as they are, and the columns of ",
      other.value("path", ""), " are scaled each by its own: not comparable; make one file of ",
      "the other's kind (couplet-convert FILE.h5 -o FILE.csv gives stored units, .npz keeps both)");
}

json cautions(const Comparison& c, const json& measured) {
  json out = json::array();
  const auto has = [&](const char* name) {
    return std::find(measured.begin(), measured.end(), name) != measured.end();
  };
  for (const Summary* side : {&c.samples, &c.reference}) {
    for (const auto& [name, moments] : side->moments) {
      const int64_t dims = moments.mean().size(0), rows = moments.count();
      if (!has("fd") || rows > dims || !c.samples.moments.contains(name)) continue;
      out.push_back(text(side->about.value("path", ""), ": ", rows, " rows for the ", dims,
                         " dimensions of ", name, ": distances of moments come out too large"));
    }
  }
  if (!c.samples.label.defined() || !c.reference.label.defined()) return out;
  const int64_t classes =
      1 + std::max(c.samples.label.max().item<int64_t>(), c.reference.label.max().item<int64_t>());
  const Tensor p = class_shares(c.samples.label, classes);
  const Tensor q = class_shares(c.reference.label, classes);
  if (!p.defined() || !q.defined()) return out;
  const double apart = 0.5 * (p - q).abs().sum().item<double>();
  const auto rows = static_cast<double>(std::min(c.samples.rows, c.reference.rows));
  if (apart < 0.1 + std::sqrt(static_cast<double>(classes) / rows)) return out;  // chance
  out.push_back(
      text(c.samples.about.value("path", ""), " and ", c.reference.about.value("path", ""),
           ": the classes have other shares (", std::round(100 * apart) / 100,
           " in all), which distances tell too; sample's --noise takes the labels of pairs"));
  return out;
}

}  // namespace couplet
