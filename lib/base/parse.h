// JSON out of texts that others wrote.
#pragma once
#include "base/types.h"

namespace couplet {

/// The value of a JSON text. Errors: it is none (says where), or is nested more than 100 deep,
/// which whatever walks through it would not survive.
json parse_json(std::string_view text, bool comments = false);

}  // namespace couplet
