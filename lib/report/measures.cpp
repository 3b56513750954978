#include "report/measures.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "base/error.h"
#include "report/protocol.h"
#include "report/svg.h"

namespace couplet {

namespace {

bool has_mean(const json& value) { return value.is_object() && value.contains("mean"); }

/// A number of a record; not finite where JSON had to write null.
double number_of(const json& value) {
  if (has_mean(value)) return number_of(value["mean"]);
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

/// What stands beside a number of the record, under longer names.
Number with_companions(const json& record, const std::string& name, const json& value) {
  Number found{number_of(value), 0, ""};
  const auto beside = [&](const char* ending) {
    const auto at = record.find(name + ending);
    return at == record.end() ? json() : *at;
  };
  if (has_mean(value)) {
    found.deviation = number_of(value.value("deviation", json(0))), found.of = "seeds";
  } else if (const json d = beside("_deviation"); d.is_number()) {
    const bool kernel = name.starts_with("k");
    found.deviation = d.get<double>(), found.of = kernel ? "subsets" : "parts of the samples";
    if (kernel && record.contains("kid_size"))
      found.of += " of " + plain(record["kid_size"]) + " rows";
  } else if (const json e = beside("_error"); e.is_number()) {
    found.deviation = e.get<double>(), found.of = "the standard error";
  }
  if (const json i = beside("_interval"); i.is_array() && i.size() == 2) {
    found.interval = {number_of(i[0]), number_of(i[1])};
  }
  return found;
}

bool is_companion(const json& record, const std::string& name) {
  for (const char* ending : {"_deviation", "_error", "_interval"}) {
    if (name.ends_with(ending) &&
        record.contains(name.substr(0, name.size() - std::string(ending).size())))
      return true;
  }
  return false;
}

/// Every number below a value that is no companion, by its path.
void collect(const json& record, const std::string& name, const json& value,
             std::map<std::string, Number>& out) {
  if (value.is_number() || value.is_null() || has_mean(value)) {
    out[name] = with_companions(record, name, value);
  } else if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) collect(record, name + "." + key, inner, out);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i)
      collect(record, text(name, ".", i + 1), value[i], out);
  }
}

}  // namespace

Measured measured(const std::string& model, const json& record) {
  static const std::set<std::string> others = {"samples", "sampling", "protocol", "model",
                                               "nfe",     "seed",     "rows",     "non_finite",
                                               "seconds", "repeats",  "kid_size", "energy_rows"};
  Measured m{.model = model, .numbers = {}, .record = record};
  const double nfe = number_of(record.value("nfe", json()));
  m.reference = std::isnan(nfe) || record.value("model", "") == "normalizing-flow";
  if (!std::isnan(nfe)) m.nfe = nfe;
  const double rows = number_of(record.value("rows", json(0)));
  if (!std::isnan(rows)) m.rows = std::llround(rows);
  for (const auto& [key, value] : record.items()) {
    if (!others.contains(key) && !is_companion(record, key)) collect(record, key, value, m.numbers);
  }
  if (const double lost = number_of(record.value("non_finite", json(0))); lost > 0) {
    m.model += text(" (", number(lost), " rows not finite left out)");
  }
  return m;
}

std::string model_name(const std::string& path, int64_t nfe) {
  std::string name = std::filesystem::path(path).stem().string();
  const std::string end = std::to_string(nfe);
  if (name.size() <= end.size() || !name.ends_with(end)) return name;
  std::string shorter = name.substr(0, name.size() - end.size());
  if (shorter.ends_with("nfe")) shorter.resize(shorter.size() - 3);
  while (!shorter.empty() && std::string("-_.").find(shorter.back()) != std::string::npos) {
    shorter.pop_back();
  }
  return shorter.empty() ? name : shorter;
}

}  // namespace couplet
