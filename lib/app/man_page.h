// The manual page of a tool, for man(1).
#pragma once
#include "app/manual.h"

namespace couplet {

/// Text as roff prints it letter by letter: nothing in it is a request, a hyphen stays the "-" that
/// can be copied to a command line. UTF-8 in, ASCII out.
std::string roff(const std::string& text);

/// The page in roff with the macros of man(7).
std::string man_page(const ToolDescription& tool);

}  // namespace couplet
