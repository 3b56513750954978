#include "base/options.h"

#include <algorithm>
#include <sstream>

namespace couplet {

namespace {

void expect(bool ok, const json& given, const std::string& path, const char* type) {
  require_option(ok, "option '", path, "' must be ", type, ", found ", given.dump());
}

template <class Number>
void read_list(const json& given, std::vector<Number>& value, const std::string& path) {
  expect(given.is_array(), given, path, "a list");
  value.clear();
  for (const json& item : given) read_value(item, value.emplace_back(), path);
}

}  // namespace

void read_value(const json& given, bool& value, const std::string& path) {
  expect(given.is_boolean(), given, path, "true or false");
  value = given.get<bool>();
}

void read_value(const json& given, int64_t& value, const std::string& path) {
  expect(given.is_number_integer(), given, path, "an integer");
  value = given.get<int64_t>();
}

void read_value(const json& given, double& value, const std::string& path) {
  expect(given.is_number(), given, path, "a number");
  value = given.get<double>();
}

void read_value(const json& given, std::string& value, const std::string& path) {
  // A number is a text as well: `-s label=3`, `-s weights.group=0.999`.
  expect(given.is_string() || given.is_number(), given, path, "a string");
  value = given.is_string() ? given.get<std::string>() : given.dump();
}

void read_value(const json& given, std::vector<int64_t>& value, const std::string& path) {
  read_list(given, value, path);
}

void read_value(const json& given, std::vector<double>& value, const std::string& path) {
  // One number is a list of one: `train.ema=0.999`.
  read_list(given.is_number() ? json::array({given}) : given, value, path);
}

void read_value(const json& given, std::vector<std::string>& value, const std::string& path) {
  if (!given.is_string()) return read_list(given, value, path);
  value.clear();  // one text has its parts between commas: `metrics=fd,kid`
  std::istringstream parts(given.get<std::string>());
  for (std::string part; std::getline(parts, part, ',');) value.push_back(part);
}

void read_value(const json& given, Component& value, const std::string& path) {
  json patch = given.is_string() ? json{{"type", given}} : given;
  expect(patch.is_object(), given, path, "an object or the name of a variant");
  value.value.merge_patch(patch);
  value.value = value.table->effective(value.value, path);
}

void read_value(const json& given, Components& value, const std::string& path) {
  if (!given.is_array()) return read_value(given, static_cast<Component&>(value), path);
  expect(!given.empty(), given, path, "one variant or a list of them");
  json list = json::array();
  for (const json& item : given) {
    Component one(*value.table, "");
    read_value(item, one, text(path, "[", list.size(), "]"));
    list.push_back(one.value);
  }
  value.value = list;
}

json effective(const Component& chosen, const std::string& path) {
  if (!chosen.value.is_array()) return chosen.table->effective(chosen.value, path);
  json list = json::array();
  for (const json& one : chosen.value) list.push_back(chosen.table->effective(one, path));
  return list;
}

std::string type_name(const json& value) {
  if (value.is_boolean()) return "true|false";
  if (value.is_number_integer()) return "integer";
  if (value.is_number()) return "number";
  if (value.is_string()) return "text";
  return "list";
}

json without_type(json given) {
  given.erase("type");
  return given;
}

void refuse_unknown(const json& given, const std::vector<std::string>& known,
                    const std::string& path) {
  if (!given.is_object()) return;
  for (const auto& [key, value] : given.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::vector<std::string> paths;
    for (const auto& name : known) paths.push_back(path + name);
    throw BadOption("unknown option '" + path + key + "'" + did_you_mean(path + key, paths));
  }
}

}  // namespace couplet
