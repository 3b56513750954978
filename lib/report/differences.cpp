#include "report/differences.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "report/describe.h"
#include "report/svg.h"

namespace couplet {

namespace {

/// How many numbers of two flat tensors differ, and by how much at most; a piece at a time.
std::pair<int64_t, double> count_differing(const Tensor& a, const Tensor& b) {
  constexpr int64_t piece = int64_t{1} << 20;
  int64_t differing = 0;
  double largest = 0;
  for (int64_t begin = 0; begin < a.numel(); begin += piece) {
    const int64_t n = std::min(piece, a.numel() - begin);
    const Tensor in_a = a.narrow(0, begin, n).to(at::kDouble),
                 in_b = b.narrow(0, begin, n).to(at::kDouble);
    const double *va = in_a.const_data_ptr<double>(), *vb = in_b.const_data_ptr<double>();
    for (int64_t i = 0; i < n; ++i) {
      if (va[i] == vb[i] || (std::isnan(va[i]) && std::isnan(vb[i]))) continue;
      const double gap = std::abs(va[i] - vb[i]);
      ++differing;
      largest =
          std::max(largest, std::isfinite(gap) ? gap : std::numeric_limits<double>::infinity());
    }
  }
  return {differing, largest};
}

void compare(const json& a, const json& b, const std::string& name, json& out) {
  const auto in_a = by_path(a), in_b = by_path(b);
  for (const auto& [path, value] : in_a) {
    const auto other = in_b.find(path);
    const json there = other == in_b.end() ? json() : other->second;
    if (there != value) out[name][path] = json::array({value, there});
  }
  for (const auto& [path, value] : in_b) {
    if (!in_a.contains(path)) out[name][path] = json::array({nullptr, value});
  }
}

void compare_data(const h5::File& a, const h5::File& b, const std::string& name, json& out) {
  const json types = {numpy_type(a.type(name)), numpy_type(b.type(name))};
  if (a.sizes(name) != b.sizes(name)) {
    out["datasets"][name]["sizes"] = {a.sizes(name), b.sizes(name)};
    return;
  }
  if (types[0] != types[1]) out["datasets"][name]["type"] = types;
  const Tensor in_a = a.map(name).reshape({-1}), in_b = b.map(name).reshape({-1});
  const auto [differing, largest] = count_differing(in_a, in_b);
  if (differing == 0) return;
  out["datasets"][name]["differ"] = {differing, in_a.numel()};
  out["datasets"][name]["max_abs"] = std::isfinite(largest) ? json(largest) : json("inf");
}

}  // namespace

json differences(const std::string& a, const std::string& b) {
  const Artifact in_a = open_artifact(a), in_b = open_artifact(b);
  json out = json::object();
  if (in_a.label.content == in_b.label.content) return out;
  if (in_a.label.kind != in_b.label.kind) out["kind"] = {in_a.label.kind, in_b.label.kind};
  compare(in_a.label.config, in_b.label.config, "config", out);
  compare(in_a.label.facts, in_b.label.facts, "facts", out);
  for (int64_t n = 0; in_a.file.has(text("blocks/", n)) && in_b.file.has(text("blocks/", n)); ++n) {
    const std::string block = text("blocks/", n);
    compare(in_a.file.attribute(block, "net"), in_b.file.attribute(block, "net"), "net of " + block,
            out);
  }
  const auto names_a = in_a.file.datasets(), names_b = in_b.file.datasets();
  for (const auto& name : names_a) {
    if (in_b.file.has(name)) {
      compare_data(in_a.file, in_b.file, name, out);
    } else {
      out["datasets"][name]["sizes"] = {in_a.file.sizes(name), nullptr};
    }
  }
  for (const auto& name : names_b) {
    if (!in_a.file.has(name)) out["datasets"][name]["sizes"] = {nullptr, in_b.file.sizes(name)};
  }
  // Equal as numbers, but not as bits: -0 and 0, say.
  if (out.empty()) out["content"] = {in_a.label.content, in_b.label.content};
  return out;
}

std::string differences_text(const json& differences) {
  std::string out;
  const auto pair = [](const json& two) {
    const auto side = [](const json& v) { return v.is_null() ? std::string("absent") : v.dump(); };
    return side(two[0]) + " | " + side(two[1]);
  };
  for (const auto& [part, content] : differences.items()) {
    if (content.is_array()) {
      out += part + "  " + pair(content) + "\n";
      continue;
    }
    out += part + "\n";
    for (const auto& [name, change] : content.items()) {
      out += "  " + name + "  ";
      if (change.is_array()) {
        out += pair(change) + "\n";
        continue;
      }
      std::string sep;
      for (const auto& [what, value] : change.items()) {
        out +=
            sep + (what == "differ" ? value[0].dump() + " of " + value[1].dump() + " numbers differ"
                   : what == "max_abs" ? "by at most " + (value.is_number() ? number(value) : "inf")
                                       : what + " " + pair(value));
        sep = ", ";
      }
      out += "\n";
    }
  }
  return out;
}

}  // namespace couplet
