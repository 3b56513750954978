#include "base/parse.h"

#include "base/error.h"
#include "testing.h"

using namespace couplet;

TEST_CASE("JSON is read, with comments where they are allowed, but not without end", "[base]") {
  CHECK(parse_json(R"({"a": [1, 2.5, "b"]})") == json{{"a", {1, 2.5, "b"}}});
  CHECK(parse_json("[1] // one", true) == json::array({1}));
  CHECK_THROWS_WITH(parse_json("[1] // one"), contains("not JSON: "));
  CHECK_THROWS_WITH(parse_json("{"), contains("not JSON: "));
  CHECK_THROWS_AS(parse_json("\"\xff\""), Error);
  CHECK(parse_json(std::string(100, '[') + std::string(100, ']')).is_array());
  CHECK_THROWS_WITH(parse_json(std::string(100000, '[')), contains("more than 100 deep"));
}
