// Zip archives, as far as numpy's need it: stored when written, stored or deflated when read.
#pragma once
#include <map>
#include <string>

namespace couplet {

/// Members by name. Archives end at 4 GiB.
using Members = std::map<std::string, std::string>;

std::string encode_zip(const Members& members);
/// Checks every member's CRC-32. source: what errors call it.
Members decode_zip(const std::string& bytes, const std::string& source);

}  // namespace couplet
