// One description of a tool: what --help, --list and --dump-config print, and the docs are made of.
#pragma once
#include "app/tool.h"

namespace couplet {

/// The names of all tools, which are the sections of an experiment file.
const std::vector<std::string>& tool_names();

/// The page of --help: summary, arguments, options, statuses, a worked example.
std::string manual(const ToolInfo& info, const std::string& arguments, const OptionSet& options);

/// The variants of every table the options choose from, each with its own options.
std::string variants(const OptionSet& options);

/// The effective options as an experiment file, with where each value came from as a comment.
std::string dump_config(const std::string& tool, const json& effective, const std::string& file,
                        const json& section, const json& sets);

}  // namespace couplet
