// A table of variants: the one list that help, errors, docs and tests share.
#pragma once
#include <memory>

#include "base/options.h"

namespace couplet {

/// Rows {name, help, make}; make(options, args...) builds a T out of its own options struct.
template <class T, class... Args>
class Registry : public Table {
 public:
  struct Row {
    std::string name, help;
    std::function<std::shared_ptr<T>(const json&, const std::string&, Args...)> make;
    std::function<json(const json&, const std::string&)> effective;
    std::function<std::vector<OptionInfo>(const std::string&)> options;

    template <class Options>
    Row(const char* name, const char* help, std::shared_ptr<T> (*maker)(const Options&, Args...))
        : name(name), help(help) {
      make = [maker](const json& given, const std::string& path, Args... args) {
        return maker(read_options<Options>(without_type(given), path), args...);
      };
      effective = [](const json& given, const std::string& path) {
        return write_options(read_options<Options>(without_type(given), path));
      };
      options = [](const std::string& path) { return list_options<Options>(path); };
    }
  };

  Registry(const char* noun, std::vector<Row> rows) : noun_(noun), rows_(std::move(rows)) {}

  /// Builds the variant that given["type"] names with the options beside it.
  std::shared_ptr<T> make(const json& given, Args... args) const {
    return row(given, "").make(given, "", args...);
  }
  std::shared_ptr<T> make(const Component& component, Args... args) const {
    return make(component.value, args...);
  }

  const std::string& noun() const override { return noun_; }
  std::vector<std::string> names() const override {
    std::vector<std::string> list;
    for (const Row& row : rows_) list.push_back(row.name);
    return list;
  }
  std::string help(const std::string& name) const override {
    return row({{"type", name}}, "").help;
  }
  json effective(const json& given, const std::string& path) const override {
    json out = row(given, path).effective(given, path + ".");
    out["type"] = given["type"];
    return out;
  }
  std::vector<OptionInfo> options(const std::string& name, const std::string& path) const override {
    return row({{"type", name}}, path).options(path + ".");
  }

 private:
  const Row& row(const json& given, const std::string& path) const {
    const json type = given.value("type", json(""));
    require_option(type.is_string(), "option '", path, ".type' must be a string, found ",
                   type.dump());
    const std::string name = type.get<std::string>();
    for (const Row& row : rows_) {
      if (row.name == name) return row;
    }
    std::string all;
    for (const Row& row : rows_) all += (all.empty() ? "" : ", ") + row.name;
    throw BadOption("unknown " + noun_ + " '" + name + "'" +
                    (path.empty() ? "" : " for '" + path + ".type'") + did_you_mean(name, names()) +
                    " (there are: " + all + ")");
  }

  std::string noun_;
  std::vector<Row> rows_;
};

}  // namespace couplet
