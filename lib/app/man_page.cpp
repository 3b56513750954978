#include "app/man_page.h"

#include <cctype>
#include <cstdio>

#include "base/version.h"

namespace couplet {

namespace {

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

std::string section(const std::string& title) { return ".SH " + title + "\n"; }
std::string paragraph(const std::string& text) { return ".PP\n" + roff(text) + "\n"; }
std::string item(const std::string& head, const std::string& text) {
  return ".TP\n" + head + "\n" + roff(text) + "\n";
}

std::string option_item(const OptionInfo& o) {
  return item(bold(o.path) + roff(" (" + o.type + "; " + o.fallback.dump() + ")"), o.help);
}

std::string arguments(const ToolDescription& tool) {
  std::string out = section("ARGUMENTS");
  for (const Argument& a : tool.arguments) out += item(bold(a.name), a.help);
  out += section("FLAGS");
  for (const Argument& flag : tool.flags) {
    const std::string value = flag.value.empty() ? "" : " " + italic(flag.value);
    out += item(bold(flag.name) + value,
                flag.help + (flag.fallback.empty() ? "" : " (default " + flag.fallback + ")"));
  }
  return out;
}

// Options of the experiment, and the rows of the tables that they choose from.
std::string experiment(const ToolDescription& tool) {
  if (tool.options.empty()) return "";
  std::string out = section("OPTIONS OF THE EXPERIMENT");
  out += paragraph("With type and default; read from the section \"" + tool.info.name +
                   "\" of the experiment file (-c). -s KEY=VALUE goes over it, --KEY VALUE is "
                   "short for that. An unknown key is an error that names the nearest.");
  for (const Option& option : tool.options) out += option_item(option);
  if (tables(tool.options).empty()) return out;

  out += section("VARIANTS");
  for (const Option& option : tool.options) {
    if (option.table == nullptr) continue;
    out += ".SS " + roff(option.path + ": " + option.type) + "\n";
    for (const auto& name : option.table->names()) {
      out += item(bold(option.path + "=" + name), option.table->help(name));
      const auto own = option.table->options(name, option.path);
      if (own.empty()) continue;
      out += ".RS\n";
      for (const OptionInfo& each : own) out += option_item(each);
      out += ".RE\n";
    }
  }
  return out;
}

std::string statuses_and_files(const ToolDescription& tool) {
  std::string out = section("EXIT STATUS");
  for (const auto& [status, meaning] : exit_statuses(tool.info)) {
    out += item(bold(std::to_string(status)), meaning);
  }
  if (tool.info.output == Output::none) return out;
  out += section("FILES");
  out += item(italic("OUTPUT"), "appears when it is whole; an existing one is kept unless --force");
  if (goes_on(tool.info)) {
    out += item(italic("OUTPUT.partial/"),
                "work in progress: the same command goes on from it, and it is gone when OUTPUT is "
                "there");
  }
  for (const Option& option : tool.options) {
    if (option.path != "train.log_every") continue;
    out += item(italic("OUTPUT.jsonl"), "the training log: one JSON object a line");
  }
  return out;
}

}  // namespace

std::string roff(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {  // UTF-8: as many bytes as the first has leading ones
      const int bytes = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
      unsigned point = c & (0x7f >> bytes);
      for (int k = 1; k < bytes && i + k < text.size(); ++k)
        point = point << 6 | (text[i + k] & 0x3f);
      char name[16];
      std::snprintf(name, sizeof name, "\\[u%04X]", point);
      out += name, i += bytes;
      continue;
    }
    const bool begins = i == 0 || text[i - 1] == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '"':
        out += "\\(dq";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '.':
        out += begins ? "\\&." : ".";
        break;
      default:
        out += static_cast<char>(c);
    }
    ++i;
  }
  return out;
}

std::string man_page(const ToolDescription& tool) {
  const ToolInfo& info = tool.info;
  std::string title = info.name, purpose = info.summary;
  for (char& c : title) c = static_cast<char>(std::toupper(c));
  purpose[0] = static_cast<char>(std::tolower(purpose[0]));
  if (purpose.ends_with('.')) purpose.pop_back();

  // Left-aligned, without hyphenation: names and numbers are not to be cut.
  std::string out =
      ".nr HY 0\n.TH " + roff(title) + " 1 \"\" \"couplet " COUPLET_VERSION "\" Couplet\n";
  out += ".ad l\n";
  out += section("NAME") + roff(info.name) + " \\- " + roff(purpose) + "\n";
  const std::string line = usage(tool);
  out += section("SYNOPSIS") + bold(info.name) + roff(line.substr(info.name.size())) + "\n";
  out += section("DESCRIPTION") + roff(info.summary) + "\n";
  if (!info.about.empty()) out += paragraph(info.about);
  if (goes_on(info)) {
    out += paragraph(
        "Stopped by TERM, INT, USR1, USR2 or --max-seconds, long work is saved and "
        "the tool leaves with status 75; the same command goes on, to the same "
        "result.");
  }
  out += arguments(tool) + experiment(tool) + statuses_and_files(tool);
  out += section("EXAMPLES") + ".EX\n" + roff(info.example) + "\n.EE\n";
  out += section("SEE ALSO");
  std::string others;
  for (const auto& name : tool_names()) {
    if (name != info.name) others += (others.empty() ? "" : ",\n") + bold(name) + "(1)";
  }
  return out + others + "\n";
}

}  // namespace couplet
