// An input that is cut short while it is read.
#pragma once

namespace couplet {

/// Rows are read through maps of their files; one that has become shorter, or whose disk fails,
/// raises SIGBUS. From here on that ends the program with status 1 and one line that names the
/// file. words: what the line begins with, a text that stays.
void listen_for_lost_input(const char* words);

}  // namespace couplet
