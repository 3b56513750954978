#include "app/manual.h"

#include <algorithm>

namespace couplet {

namespace {

std::string padded(std::string s, size_t width) {
  s.resize(std::max(width, s.size() + 2), ' ');
  return s;
}

std::string option_line(const OptionInfo& info, const std::string& indent) {
  return indent + padded(info.path, 26) + info.help + " (" + info.type + "; " +
         info.fallback.dump() + ")\n";
}

// Prints an object; origin says, for a path, where its value came from ("": default).
void print(const json& value, const json* in_file, const json* in_sets, const std::string& file,
           const std::string& indent, std::string& out) {
  size_t left = value.size();
  for (const auto& [key, item] : value.items()) {
    const auto part = [&key](const json* of) -> const json* {
      if (of == nullptr) return nullptr;
      if (of->is_string()) return key == "type" ? of : nullptr;  // a variant's short form
      return of->is_object() && of->contains(key) ? &(*of)[key] : nullptr;
    };
    const json *filed = part(in_file), *set = part(in_sets);
    out += indent + json(key).dump() + ": ";
    const std::string comma = --left > 0 ? "," : "";
    if (item.is_object()) {
      out += "{\n";
      print(item, filed, set, file, indent + "  ", out);
      out += indent + "}" + comma + "\n";
    } else {
      out += item.dump() + comma + (set ? "  // --set" : filed ? "  // " + file : "") + "\n";
    }
  }
}

}  // namespace

const std::vector<std::string>& tool_names() {
  static const std::vector<std::string> names = {
      "couplet-convert", "nf-train", "nf-encode-couplings", "fm-train-student", "ttfm-distill",
      "sample",          "eval-fid", "eval-train-features", "couplet-info",     "couplet-report"};
  return names;
}

std::vector<Option> options_of(const OptionSet& set) {
  std::vector<Option> options;
  auto table = set.tables.begin();
  for (const OptionInfo& info : set.list) {
    options.push_back({info});
    Option& option = options.back();
    const bool chooses = table != set.tables.end() && option.type == (*table)->noun();
    if (!chooses || !option.path.ends_with(".type")) continue;
    option.path.erase(option.path.rfind(".type"));  // -s net=mlp
    option.table = *table++;
  }
  return options;
}

bool goes_on(const ToolInfo& tool) { return tool.output == Output::required && !tool.brief; }

std::vector<std::pair<int, std::string>> exit_statuses(const ToolInfo& tool) {
  std::vector<std::pair<int, std::string>> statuses = {
      {0, "done"}, {1, "failed"}, {2, "usage or options"}, {3, "a check said no"}};
  if (goes_on(tool))
    statuses.emplace_back(75, "saved but not finished (run the same command again)");
  return statuses;
}

std::string usage(const ToolDescription& tool) {
  std::string line = tool.info.name;
  for (const Argument& a : tool.arguments) line += " " + a.name + (a.many ? "..." : "");
  for (const Argument& flag : tool.flags) {
    if (flag.required) line += " " + flag.name.substr(0, flag.name.find(',')) + " " + flag.value;
  }
  return line + " [FLAG]...";
}

std::vector<const Table*> tables(const std::vector<Option>& options) {
  std::vector<const Table*> list;
  for (const Option& option : options) {
    const bool seen = std::find(list.begin(), list.end(), option.table) != list.end();
    if (option.table != nullptr && !seen) list.push_back(option.table);
  }
  return list;
}

std::string manual(const ToolDescription& tool) {
  const ToolInfo& info = tool.info;
  std::string out = info.summary + "\n" + (info.about.empty() ? "" : info.about + "\n");
  out += "\nUsage: " + usage(tool) + "\n\nArguments:\n";
  for (const Argument& a : tool.arguments) out += "  " + padded(a.name, 26) + a.help + "\n";
  out += "\nFlags:\n";
  for (const Argument& flag : tool.flags) {
    out += "  " + padded(flag.name + (flag.value.empty() ? "" : " " + flag.value), 26) + flag.help +
           (flag.fallback.empty() ? "" : " (" + flag.fallback + ")") + "\n";
  }
  if (!tool.options.empty()) {
    out += "\nOptions of the experiment (section \"" + info.name +
           "\" of -c, or -s KEY=VALUE, or --KEY VALUE; type; default):\n";
    for (const Option& option : tool.options) out += option_line(option, "  ");
  }
  for (const Table* table : tables(tool.options)) {
    out += "\n" + table->noun() + ":";
    for (const auto& name : table->names()) out += " " + name;
    out += "   (--list tells more)\n";
  }
  out += "\nExit status:";
  for (const auto& [status, meaning] : exit_statuses(info)) {
    out += (status == 0 ? " " : ", ") + std::to_string(status) + " " + meaning;
  }
  return out + "\n\nExample:\n  " + info.example + "\n";
}

std::string list_line(const std::string& name, const std::string& help) {
  return "  " + padded(name, 18) + help + "\n";
}

std::string variants(const std::vector<Option>& options, const std::string& more) {
  std::string out;
  for (const Table* table : tables(options)) {
    out += table->noun() + "\n";
    for (const auto& name : table->names()) {
      out += list_line(name, table->help(name));
      for (const OptionInfo& own : table->options(name, "")) out += option_line(own, "      ");
    }
  }
  out += more;
  return out.empty() ? "No option chooses from a table of variants here; see --help.\n" : out;
}

std::string dump_config(const std::string& tool, const json& effective, const std::string& file,
                        const json& section, const json& sets) {
  std::string out = "{\n  " + json(tool).dump() + ": {\n";
  print(effective, &section, &sets, file, "    ", out);
  return out + "  }\n}\n";
}

}  // namespace couplet
