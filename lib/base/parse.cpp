#include "base/parse.h"

#include "base/error.h"

namespace couplet {

json parse_json(std::string_view text, bool comments) {
  const auto shallow = [](int depth, json::parse_event_t, json&) {
    require(depth <= 100, "JSON nested more than 100 deep is not read");
    return true;
  };
  try {
    return json::parse(text, shallow, true, comments);
  } catch (const json::exception& e) {
    fail("not JSON: ", e.what());
  }
}

}  // namespace couplet
