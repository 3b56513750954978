// The frame of a tool: command line, options, run, errors, exit status.
#pragma once
#include <functional>
#include <memory>

#include "base/options.h"
#include "io/run.h"

namespace couplet {

/// Whether a tool writes OUTPUT (-o): always, if asked, or never (it prints to stdout).
enum class Output { required, optional, none };

/// summary: one sentence; about: more of it, perhaps; example: a command line that works.
struct ToolInfo {
  std::string name, summary, about, example;
  Output output = Output::required;
  bool alone = false;    ///< works in one process: of many nothing would come
  bool brief = false;    ///< done in moments: --dry-run would have nothing to tell
  bool foreign = false;  ///< writes other formats than HDF5, by OUTPUT's ending
  std::string lists;     ///< what --list tells besides the tables of options
};

/// What a tool's options struct comes down to for the frame, which is not a template.
struct OptionSet {
  std::vector<OptionInfo> list;
  std::function<json(const json& given)> effective;
  std::vector<const Table*> tables;  ///< of its components, in the order of the list
};

/// A line of --list.
std::string list_line(const std::string& name, const std::string& help);
/// For ToolInfo::lists: a table that is no option's, of rows with a name and help.
template <class Row>
std::string listed(const std::string& noun, const std::vector<Row>& rows) {
  std::string out = noun + "\n";
  for (const Row& row : rows) out += list_line(row.name, row.help);
  return out;
}

class Tool {
 public:
  explicit Tool(ToolInfo info);
  ~Tool();

  /// A positional argument; the reference is filled when main parses.
  const std::string& input(const std::string& name, const std::string& help);
  /// One or more positional arguments.
  const std::vector<std::string>& inputs(const std::string& name, const std::string& help);
  /// --name VALUE (or a switch, for bool): only what is not part of the experiment.
  const bool& flag(const std::string& name, bool fallback, const std::string& help);
  const int64_t& flag(const std::string& name, int64_t fallback, const std::string& help);
  const std::string& flag(const std::string& name, std::string fallback, const std::string& help);

  /// Parses, lays --set over the experiment file's section over the defaults, makes the run and
  /// calls body(options, run). Returns the exit status: 0 done, 1 failed, 2 usage or options, 3 a
  /// check said no, 75 saved, not finished. Progress lies in OUTPUT.partial/, which is removed at
  /// the end.
  template <OptionStruct Options>
  int main(int argc, char** argv, const std::function<void(const Options&, Run&)>& body) {
    return run(argc, argv, option_set<Options>(),
               [&](const json& given, Run& run) { body(read_options<Options>(given), run); });
  }

 private:
  template <OptionStruct Options>
  static OptionSet option_set() {
    return {list_options<Options>(),
            [](const json& given) { return write_options(read_options<Options>(given)); },
            tables_of<Options>()};
  }
  int run(int argc, char** argv, const OptionSet& options,
          const std::function<void(const json&, Run&)>& body);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace couplet
