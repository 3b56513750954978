#include "report/describe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/log.h"
#include "report/lineage.h"
#include "report/svg.h"

namespace couplet {

namespace {

constexpr int64_t chunk = int64_t{1} << 20;

/// f(numbers in double, how many) over a tensor, a piece at a time: files may be larger than
/// memory.
template <class F>
void for_pieces(const Tensor& data, F&& f) {
  const Tensor flat = data.reshape({-1});
  for (int64_t begin = 0; begin < flat.numel(); begin += chunk) {
    const Tensor piece =
        flat.narrow(0, begin, std::min(chunk, flat.numel() - begin)).to(at::kDouble);
    f(piece);
  }
}

json summary_of(const std::string& name, const Tensor& data) {
  double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0;
  int64_t non_finite = 0;
  for_pieces(data, [&](const Tensor& piece) {
    const double* values = piece.const_data_ptr<double>();
    for (int64_t i = 0; i < piece.numel(); ++i) {
      if (!std::isfinite(values[i])) {
        ++non_finite;
        continue;
      }
      low = std::min(low, values[i]), high = std::max(high, values[i]), sum += values[i];
    }
  });
  json out = {
      {"name", name}, {"type", numpy_type(data.scalar_type())}, {"sizes", data.sizes().vec()}};
  const int64_t finite = data.numel() - non_finite;
  if (finite > 0)
    out["low"] = low, out["high"] = high, out["mean"] = sum / static_cast<double>(finite);
  if (non_finite > 0) out["non_finite"] = non_finite;
  return out;
}

json label_counts(const Tensor& label) {
  json counts = json::object();
  const Tensor label64 = label.to(at::kLong).contiguous();
  std::map<int64_t, int64_t> found;
  for (int64_t i = 0; i < label64.numel(); ++i) ++found[label64.const_data_ptr<int64_t>()[i]];
  for (const auto& [value, count] : found) counts[std::to_string(value)] = count;
  return counts;
}

/// Numbers in all tensors of a group.
int64_t count_numbers(const h5::File& file, const std::string& group) {
  int64_t count = 0;
  for (const auto& name : file.datasets(group)) {
    count += c10::multiply_integers(file.sizes(group + "/" + name));
  }
  return count;
}

json blocks_of(const h5::File& file) {
  json blocks = json::array();
  for (int64_t n = 0; file.has(text("blocks/", n)); ++n) {
    const std::string group = text("blocks/", n);
    blocks.push_back({{"net", file.attribute(group, "net")},
                      {"parameters", count_numbers(file, group + "/weights")},
                      {"average", file.has(group + "/average")}});
    const json told = file.attributes(group);
    if (!told.contains("decay")) continue;
    blocks.back()["decays"] = {told["decay"]};
    for (const json& decay : told.value("others", json::array())) {
      blocks.back()["decays"].push_back(decay);
    }
  }
  return blocks;
}

std::string row_of(const std::string& name, const json& value) {
  std::string shown = value.is_number_float() ? number(value.get<double>()) : value.dump();
  if (shown.size() > 160) shown = shown.substr(0, 157) + "...";
  return "  " + name + std::string(name.size() < 26 ? 26 - name.size() : 1, ' ') + shown + "\n";
}

std::string rows_of(const std::string& title, const json& object) {
  std::string out;
  for (const auto& [path, value] : by_path(object)) out += row_of(path, value);
  return out.empty() ? "" : title + "\n" + out;
}

std::string data_text(const json& description) {
  std::string out = "data\n";
  if (description.contains("rows")) out += row_of("rows", description["rows"]);
  const json blocks = description.value("blocks", json::array());
  for (size_t n = 0; n < blocks.size(); ++n) {
    out +=
        text("  block ", n, ": ", blocks[n]["net"].dump(), "\n    ", blocks[n]["parameters"].dump(),
             " parameters", blocks[n]["average"] == true ? ", with their moving average" : "",
             blocks[n].contains("decays") ? " of decay " + blocks[n]["decays"].dump() : "", "\n");
  }
  for (const json& data : description["data"]) {
    const std::string name = data["name"].get<std::string>();
    if (!blocks.empty() && !data.contains("non_finite")) continue;
    std::string line = data["type"].get<std::string>() + " " + data["sizes"].dump();
    if (data.contains("low")) {
      line += "  " + number(data["low"]) + " .. " + number(data["high"]) + ", mean " +
              number(data["mean"]);
    }
    if (data.contains("non_finite")) line += "  (" + data["non_finite"].dump() + " not finite)";
    out += "  " + name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') + line + "\n";
  }
  if (description.contains("labels")) out += row_of("labels, rows of each", description["labels"]);
  return out;
}

}  // namespace

namespace {

void flatten(const json& value, const std::string& path, std::map<std::string, json>& out) {
  if (!value.is_object()) {
    out[path] = value;
    return;
  }
  for (const auto& [key, part] : value.items()) {
    flatten(part, path.empty() ? key : path + "." + key, out);
  }
}

}  // namespace

std::map<std::string, json> by_path(const json& object) {
  std::map<std::string, json> out;
  flatten(object, "", out);
  out.erase("");
  return out;
}

std::string numpy_type(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return "uint8";
    case at::kChar:
      return "int8";
    case at::kInt:
      return "int32";
    case at::kLong:
      return "int64";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    default:
      return at::toString(type);
  }
}

json describe(const std::string& path) {
  const Label label = read_label(path);
  const h5::File file = h5::File::open(path);
  json out = {{"path", path},
              {"kind", label.kind},
              {"format", file.attribute("/", "format")},
              {"uuid", label.uuid},
              {"content", label.content},
              {"config", label.config},
              {"facts", label.facts},
              {"provenance", label.provenance}};
  out["data"] = json::array();
  for (const auto& name : file.datasets()) out["data"].push_back(summary_of(name, file.map(name)));
  for (const char* rows : {"x", "x1"}) {
    if (file.has(rows) && !file.sizes(rows).empty()) out["rows"] = file.sizes(rows)[0];
  }
  if (file.has("label")) out["labels"] = label_counts(file.map("label"));
  if (file.has("blocks")) out["blocks"] = blocks_of(file);
  return out;
}

std::string describe_text(const json& description) {
  const json& provenance = description["provenance"];
  std::string out =
      description["path"].get<std::string>() + ": " + description["kind"].get<std::string>() + "\n";
  out += row_of("format", description["format"]) + "  uuid" + std::string(22, ' ') +
         description["uuid"].get<std::string>() + "\n  content" + std::string(19, ' ') +
         description["content"].get<std::string>() + "\n";
  if (!provenance.empty() && provenance.back().contains("argv")) {
    std::string command;
    for (const json& word : provenance.back()["argv"]) command += " " + word.get<std::string>();
    out += "  made by" + std::string(18, ' ') + command + "\n";
  }
  out += rows_of("facts", description["facts"]) + rows_of("config", description["config"]);
  out += data_text(description);
  const std::string tree = lineage_text(provenance);
  for (size_t begin = 0; begin < tree.size();) {
    const size_t end = tree.find('\n', begin);
    out += (begin == 0 ? "lineage\n  " : "  ") + tree.substr(begin, end + 1 - begin);
    begin = end + 1;
  }
  return out;
}

void check(const std::string& path) {
  read_label(path);
  try {
    open_artifact(path);
  } catch (const Error& e) {
    throw CheckFailed(e.what());
  }
}

}  // namespace couplet
