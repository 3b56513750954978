// Options as plain structs that list each member once; JSON, checks, help and docs derive from it.
#pragma once
#include "base/error.h"
#include "base/types.h"

namespace couplet {

/// One option as help and docs show it. path: "train.steps"; type: "integer", …; fallback: default.
struct OptionInfo {
  std::string path, type, help;
  json fallback;
};

/// A table of variants, as options see it: the noun, the names, what each takes.
struct Table {
  virtual ~Table() = default;
  virtual const std::string& noun() const = 0;
  virtual std::vector<std::string> names() const = 0;
  virtual std::string help(const std::string& name) const = 0;
  /// The options of one variant with every default written out; unknown names and keys throw
  /// BadOption.
  virtual json effective(const json& given, const std::string& path) const = 0;
  virtual std::vector<OptionInfo> options(const std::string& name,
                                          const std::string& path) const = 0;
};

/// One choice out of a table, with its options: {"type": name, …}.
struct Component {
  const Table* table;
  json value;
  Component(const Table& table, const std::string& type) : table(&table), value{{"type", type}} {}
};

/// One choice or a list of them, each with its options: an object, or an array of objects.
struct Components : Component {
  using Component::Component;
};

/// A struct that lists its members once: describe(option) calls option(name, member, help) for
/// each.
template <class T>
concept OptionStruct = requires(T value) {
  value.describe([](const char*, auto&, const char*) {});
};

// How one value is read, and what its type is called. A wrong type is a BadOption that names the
// path.
void read_value(const json& given, bool& value, const std::string& path);
void read_value(const json& given, int64_t& value, const std::string& path);
void read_value(const json& given, double& value, const std::string& path);
void read_value(const json& given, std::string& value, const std::string& path);
void read_value(const json& given, std::vector<int64_t>& value, const std::string& path);
void read_value(const json& given, std::vector<double>& value, const std::string& path);
void read_value(const json& given, std::vector<std::string>& value, const std::string& path);
void read_value(const json& given, Component& value, const std::string& path);
void read_value(const json& given, Components& value, const std::string& path);
/// With every default written out.
json effective(const Component& chosen, const std::string& path);
std::string type_name(const json& value);
/// A component's own options: "type" is its table's.
json without_type(json given);
/// Throws for the first key of given that is not in known.
void refuse_unknown(const json& given, const std::vector<std::string>& known,
                    const std::string& path);

/// The struct's defaults, with what is given (a JSON object) over them.
template <OptionStruct T>
T read_options(const json& given, const std::string& path = "") {
  require_option(given.is_object() || given.is_null(), "option '", path.substr(0, path.size() - 1),
                 "' must be an object, found ", given.dump());
  T options;
  std::vector<std::string> known;
  options.describe([&]<class V>(const char* name, V& value, const char*) {
    known.push_back(name);
    const auto found = given.is_object() ? given.find(name) : given.end();
    if (found == given.end()) return;
    if constexpr (OptionStruct<V>) {
      value = read_options<V>(*found, path + name + ".");
    } else {
      read_value(*found, value, path + name);
    }
  });
  refuse_unknown(given, known, path);
  return options;
}

/// Every option with its value; components with every default written out.
template <OptionStruct T>
json write_options(T options) {
  json out = json::object();
  options.describe([&]<class V>(const char* name, V& value, const char*) {
    if constexpr (OptionStruct<V>) {
      out[name] = write_options(value);
    } else if constexpr (std::is_base_of_v<Component, V>) {
      out[name] = effective(value, name);
    } else {
      out[name] = value;
    }
  });
  return out;
}

/// True where every option still has its default.
template <OptionStruct T>
bool unchanged(const T& options) {
  return write_options(options) == write_options(T());
}

/// Throws BadOption for the first option that has not its default: it has no effect on what.
template <OptionStruct T>
void refuse_changed(const T& options, const std::string& what) {
  const json given = write_options(options), unset = write_options(T());
  for (const auto& [name, value] : given.items()) {
    require_option(value == unset[name], "option '", name, "' has no effect on ", what);
  }
}

/// The list that help and docs print.
template <OptionStruct T>
std::vector<OptionInfo> list_options(const std::string& path = "") {
  T options;
  std::vector<OptionInfo> list;
  options.describe([&]<class V>(const char* name, V& value, const char* help) {
    if constexpr (OptionStruct<V>) {
      for (auto& info : list_options<V>(path + name + ".")) list.push_back(info);
    } else if constexpr (std::is_base_of_v<Component, V>) {
      list.push_back({path + name + ".type", value.table->noun(), help, value.value["type"]});
    } else {
      list.push_back({path + name, type_name(json(value)), help, json(value)});
    }
  });
  return list;
}

/// The tables of a struct's components, nested ones too.
template <OptionStruct T>
std::vector<const Table*> tables_of() {
  T options;
  std::vector<const Table*> tables;
  options.describe([&]<class V>(const char*, V& value, const char*) {
    if constexpr (OptionStruct<V>) {
      for (const Table* table : tables_of<V>()) tables.push_back(table);
    } else if constexpr (std::is_base_of_v<Component, V>) {
      tables.push_back(value.table);
    }
  });
  return tables;
}

/// An options struct without members, for variants that have none.
struct NoOptions {
  void describe(auto&&) {}
};

}  // namespace couplet
