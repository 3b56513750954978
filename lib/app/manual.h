// One description of a tool, and what --help, --list and --dump-config print of it.
#pragma once
#include "app/tool.h"

namespace couplet {

/// An argument or a flag, as the command line takes it.
struct Argument {
  std::string name;   ///< "data"; of a flag "-o, --output"
  std::string value;  ///< what a flag takes: "FILE", "auto|cpu|cuda"; empty: a switch
  std::string help, fallback;
  bool required = false, many = false;
};

/// An option of the experiment ("net", "train.steps"); table: that a component chooses from, or
/// none.
struct Option : OptionInfo {
  const Table* table = nullptr;
};
std::vector<Option> options_of(const OptionSet& set);

/// All that pages about a tool are made of.
struct ToolDescription {
  ToolInfo info;
  std::vector<Argument> arguments, flags;
  std::vector<Option> options;
};

/// The names of all tools, which are the sections of an experiment file.
const std::vector<std::string>& tool_names();

/// Exit statuses and what they mean.
std::vector<std::pair<int, std::string>> exit_statuses(const ToolInfo& tool);
/// Whether a tool that is stopped goes on by the same command, from OUTPUT.partial/.
bool goes_on(const ToolInfo& tool);

/// The command line in general: "nf-train data -o OUTPUT [FLAG]...".
std::string usage(const ToolDescription& tool);

/// The tables that options choose from, each once.
std::vector<const Table*> tables(const std::vector<Option>& options);

/// The page of --help: summary, arguments, options, statuses, a worked example.
std::string manual(const ToolDescription& tool);

/// The variants of every table the options choose from, each with its own options; then more.
std::string variants(const std::vector<Option>& options, const std::string& more);

/// The effective options as an experiment file, with where each value came from as a comment.
std::string dump_config(const std::string& tool, const json& effective, const std::string& file,
                        const json& section, const json& sets);

}  // namespace couplet
