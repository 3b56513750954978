// What a shell completes on the command line of a tool.
#pragma once
#include "app/manual.h"

namespace couplet {

/// A file for bash, which needs no other: flags, --KEY and what follows -s, names of variants,
/// values of flags where there are few; else files. For zsh too, by its bashcompinit.
std::string completion(const ToolDescription& tool);

}  // namespace couplet
