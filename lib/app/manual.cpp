#include "app/manual.h"

#include <set>

namespace couplet {

namespace {

std::string padded(std::string s, size_t width) {
  s.resize(std::max(width, s.size() + 2), ' ');
  return s;
}

std::string option_lines(const std::vector<OptionInfo>& list, const std::string& indent) {
  std::string out;
  for (const OptionInfo& info : list) {
    out += indent + padded(info.path, 26) + info.help + " (" + info.type + "; " +
           info.fallback.dump() + ")\n";
  }
  return out;
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

std::string manual(const ToolInfo& info, const std::string& arguments, const OptionSet& options) {
  std::string out = arguments;
  out += "  --help, --version\n";
  if (!options.list.empty()) {
    out += "\nOptions of the experiment (section \"" + info.name +
           "\" of -c, or -s KEY=VALUE, or --KEY VALUE; type; default):\n";
    out += option_lines(options.list, "  ");
  }
  for (const Table* table : options.tables) {
    out += "\n" + table->noun() + ":";
    for (const auto& name : table->names()) out += " " + name;
    out += "   (--list tells more)\n";
  }
  out +=
      "\nExit status: 0 done, 1 failed, 2 usage or options, 3 a check said no, 75 saved but not\n"
      "finished (run the same command again).\n";
  out += "\nExample:\n  " + info.example + "\n";
  return out;
}

std::string variants(const OptionSet& options) {
  std::string out;
  std::set<const Table*> seen;
  for (const Table* table : options.tables) {
    if (!seen.insert(table).second) continue;
    out += table->noun() + "\n";
    for (const auto& name : table->names()) {
      out += "  " + padded(name, 18) + table->help(name) + "\n";
      out += option_lines(table->options(name, ""), "      ");
    }
  }
  return out;
}

std::string dump_config(const std::string& tool, const json& effective, const std::string& file,
                        const json& section, const json& sets) {
  std::string out = "{\n  " + json(tool).dump() + ": {\n";
  print(effective, &section, &sets, file, "    ", out);
  return out + "  }\n}\n";
}

}  // namespace couplet
