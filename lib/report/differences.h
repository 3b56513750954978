// How two of our files differ.
#pragma once
#include "base/types.h"

namespace couplet {

/// What tells two files apart, an empty object where their content is equal: kind, config and facts
/// by path [a, b], datasets {name: {max_abs, rows or sizes [a, b]}}.
json differences(const std::string& a, const std::string& b);
std::string differences_text(const json& differences);

}  // namespace couplet
