// SHA-256 of a file, by which others name the weights that they publish.
#pragma once
#include <string>

namespace couplet {

/// 64 hexadecimal digits. Errors: a file that cannot be read.
std::string sha256(const std::string& path);

}  // namespace couplet
