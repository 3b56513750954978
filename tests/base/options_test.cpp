#include "base/options.h"

#include "base/registry.h"
#include "testing.h"

using namespace couplet;

namespace {

struct Shape {
  virtual ~Shape() = default;
  json made;
};
struct CircleOptions {
  double radius = 1;
  void describe(auto&& option) { option("radius", radius, "half of its width"); }
};
struct BoxOptions {
  int64_t width = 2, height = 3;
  void describe(auto&& option) {
    option("width", width, "left to right");
    option("height", height, "bottom to top");
  }
};
template <class Options>
std::shared_ptr<Shape> make(const Options& options) {
  auto shape = std::make_shared<Shape>();
  shape->made = write_options(options);
  return shape;
}
const Registry<Shape>& shapes() {
  static const Registry<Shape> table("shape", {{"circle", "round", make<CircleOptions>},
                                               {"box", "square", make<BoxOptions>},
                                               {"dot", "small", make<NoOptions>}});
  return table;
}

struct Inner {
  int64_t steps = 10;
  std::vector<double> weights = {1, 2};
  Component shape{shapes(), "circle"};
  void describe(auto&& option) {
    option("steps", steps, "how many");
    option("weights", weights, "how much");
    option("shape", shape, "of what");
  }
};
struct Outer {
  bool fast = false;
  std::string name = "none";
  Inner train;
  void describe(auto&& option) {
    option("fast", fast, "in a hurry");
    option("name", name, "what it is called");
    option("train", train, "the loop");
  }
};
struct Row {
  Components row{shapes(), "circle"};
  void describe(auto&& option) { option("row", row, "one after the other"); }
};

const json defaults = {
    {"fast", false},
    {"name", "none"},
    {"train",
     {{"steps", 10}, {"weights", {1.0, 2.0}}, {"shape", {{"type", "circle"}, {"radius", 1.0}}}}}};

std::string refusal(const json& given) {
  try {
    read_options<Outer>(given);
  } catch (const BadOption& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Options are read over their defaults and written whole", "[base]") {
  CHECK(write_options(Outer{}) == defaults);
  CHECK(write_options(read_options<Outer>(json::object())) == defaults);
  CHECK(write_options(read_options<Outer>(nullptr)) == defaults);
  const json given = {
      {"name", "x"},
      {"train", {{"steps", 3}, {"weights", {4}}, {"shape", {{"type", "box"}, {"width", 7}}}}}};
  const Outer options = read_options<Outer>(given);
  CHECK(options.train.weights == std::vector<double>{4});
  const json whole = write_options(options);
  CHECK(whole["train"]["shape"] == json{{"type", "box"}, {"width", 7}, {"height", 3}});
  CHECK(whole["fast"] == false);
  CHECK(write_options(read_options<Outer>(whole)) == whole);
}

TEST_CASE("A component keeps its type where only its keys are given", "[base]") {
  const auto shape = [](const json& given) {
    return write_options(read_options<Inner>({{"shape", given}}))["shape"];
  };
  CHECK(shape({{"radius", 2}}) == json{{"type", "circle"}, {"radius", 2.0}});
  CHECK(shape("box") == json{{"type", "box"}, {"width", 2}, {"height", 3}});
  CHECK(shapes().make(read_options<Inner>({{"shape", "box"}}).shape)->made["width"] == 2);
  CHECK(shapes().make({{"type", "dot"}})->made.empty());
}

TEST_CASE("A list of components is read item by item", "[base]") {
  const auto read = [](const json& given) {
    return write_options(read_options<Row>({{"row", given}}))["row"];
  };
  CHECK(read("dot") == json{{"type", "dot"}});
  CHECK(read({{"radius", 3}}) == json{{"type", "circle"}, {"radius", 3.0}});
  const json list = read(json::array({"box", {{"type", "circle"}, {"radius", 2}}}));
  CHECK(list == json::array({{{"type", "box"}, {"width", 2}, {"height", 3}},
                             {{"type", "circle"}, {"radius", 2.0}}}));
  CHECK(read(list) == list);
  CHECK_THROWS_WITH(read(json::array({"dot", {{"type", "box"}, {"size", 1}}})),
                    contains("unknown option 'row[1].size'"));
  CHECK_THROWS_WITH(read(json::array()), contains("one variant or a list"));
}

TEST_CASE("Unknown keys are refused at any depth, with the nearest named", "[base]") {
  CHECK(refusal({{"fats", true}}) == "unknown option 'fats'; did you mean 'fast'?");
  CHECK(refusal({{"train", {{"stps", 1}}}}) ==
        "unknown option 'train.stps'; did you mean 'train.steps'?");
  CHECK(refusal({{"train", {{"shape", {{"radus", 1}}}}}}) ==
        "unknown option 'train.shape.radus'; did you mean 'train.shape.radius'?");
  CHECK(refusal({{"train", {{"shape", {{"type", "box"}, {"radius", 1}}}}}})
            .starts_with("unknown option 'train.shape.radius'"));
  CHECK(refusal({{"train", {{"shape", {{"type", "dot"}, {"size", 1}}}}}})
            .starts_with("unknown option 'train.shape.size'"));
  CHECK(refusal({{"train", {{"shape", "bx"}}}}) ==
        "unknown shape 'bx' for 'train.shape.type'; did you mean 'box'? "
        "(there are: circle, box, dot)");
  // "type" is a table's word; where there is no table it is as unknown as any.
  CHECK(refusal({{"type", "box"}}).starts_with("unknown option 'type'"));
  CHECK(refusal({{"train", {{"type", "box"}}}}).starts_with("unknown option 'train.type'"));
}

TEST_CASE("A wrong type is refused with path, type and what was found", "[base]") {
  CHECK(refusal({{"fast", 1}}) == "option 'fast' must be true or false, found 1");
  CHECK(refusal({{"name", true}}) == "option 'name' must be a string, found true");
  CHECK(refusal({{"name", 3}}).empty());
  CHECK(read_options<Outer>({{"name", 0.999}}).name == "0.999");
  CHECK(refusal({{"train", 3}}) == "option 'train' must be an object, found 3");
  CHECK(refusal({{"train", {{"steps", 1.5}}}}) ==
        "option 'train.steps' must be an integer, found 1.5");
  CHECK(refusal({{"train", {{"steps", "1"}}}}) ==
        "option 'train.steps' must be an integer, found \"1\"");
  CHECK(refusal({{"train", {{"weights", true}}}}) ==
        "option 'train.weights' must be a list, found true");
  CHECK(refusal({{"train", {{"weights", {1, "2"}}}}}) ==
        "option 'train.weights' must be a number, found \"2\"");
  CHECK_FALSE(refusal({{"train", {{"shape", 3}}}}).empty());
  CHECK(refusal({{"train", {{"shape", {{"type", 3}}}}}})
            .starts_with("option 'train.shape.type' must be a string, found 3"));
  CHECK(refusal({{"train", {{"shape", {{"radius", "wide"}}}}}}) ==
        "option 'train.shape.radius' must be a number, found \"wide\"");
}

TEST_CASE("Help lists every option with its path, type and default", "[base]") {
  std::vector<std::string> lines;
  for (const auto& info : list_options<Outer>()) {
    lines.push_back(info.path + " " + info.type + " " + info.fallback.dump());
    CHECK_FALSE(info.help.empty());
  }
  CHECK(lines == std::vector<std::string>{"fast true|false false", "name text \"none\"",
                                          "train.steps integer 10", "train.weights list [1.0,2.0]",
                                          "train.shape.type shape \"circle\""});
  CHECK(tables_of<Outer>() == std::vector<const Table*>{&shapes()});
  CHECK(shapes().options("box", "train.shape")[0].path == "train.shape.width");
}
