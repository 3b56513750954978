#include "io/hdf5.h"

#include <fstream>

#include "base/error.h"
#include "folder.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const std::vector<at::ScalarType> types = {at::kByte, at::kChar,     at::kInt,   at::kLong,
                                           at::kHalf, at::kBFloat16, at::kFloat, at::kDouble};

Tensor some(at::ScalarType type, at::IntArrayRef sizes) {
  return at::arange(c10::multiply_integers(sizes), at::kDouble)
      .mul(0.75)
      .sub(2)
      .view(sizes)
      .to(type == at::kByte ? at::kChar : type)
      .to(type);
}

}  // namespace

TEST_CASE("Tensors of every type and size come back as they went", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  for (const auto type : types) {
    for (const auto& sizes :
         std::vector<std::vector<int64_t>>{{}, {1}, {7}, {3, 4}, {2, 3, 4, 5}, {0, 3}}) {
      const Tensor value = some(type, sizes);
      {
        h5::File file = h5::File::create(path);
        file.write("some/where/x", value);
        file.write("y", value.dim() == 2 ? value.t() : value);
        file.close();
      }
      const h5::File file = h5::File::open(path);
      INFO(at::toString(type) << " " << at::IntArrayRef(sizes));
      CHECK(file.type("some/where/x") == type);
      CHECK(file.sizes("some/where/x") == sizes);
      for (const Tensor& back : {file.read("some/where/x"), file.map("some/where/x")}) {
        CHECK(back.scalar_type() == type);
        CHECK(at::equal(back, value));
      }
      CHECK(at::equal(file.map("y"), value.dim() == 2 ? value.t() : value));
    }
  }
}

TEST_CASE("Half precision keeps its special numbers", "[io]") {
  const Folder folder;
  const Tensor value =
      at::tensor({0.0, -0.0, 6.1e-5, 5.96e-8, 65504.0, INFINITY, -INFINITY}).to(at::kHalf);
  h5::File file = h5::File::create(folder / "a.h5");
  file.write("x", value);
  CHECK(at::equal(file.read("x").view(at::kShort), value.view(at::kShort)));
}

TEST_CASE("A mapped dataset outlives its file and sees large offsets", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  const Tensor value = at::arange(300000, at::kInt).view({-1, 3});
  {
    h5::File file = h5::File::create(path);
    file.write("first", at::ones({5000}));
    file.write("x", value);
  }
  const Tensor mapped = h5::File::open(path).map("x");
  std::remove(path.c_str());
  CHECK(at::equal(mapped, value));
  CHECK(at::equal(mapped.index_select(0, at::tensor({99999, 0})).select(1, 2),
                  at::tensor({299999, 2}, at::kInt)));
}

TEST_CASE("Room reserved is filled at its place", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  int64_t offset = 0;
  {
    h5::File file = h5::File::create(path);
    file.reserve("x", at::kLong, {4});
    offset = file.offset("x");
  }
  REQUIRE(offset > 0);
  {
    const int64_t values[] = {5, 6, 7, 8};
    std::fstream out(path, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(offset);
    out.write(reinterpret_cast<const char*>(values), sizeof values);
  }
  CHECK(at::equal(h5::File::open(path).read("x"), row_range(5, 9)));
}

TEST_CASE("Attributes of every kind come back as they went", "[io]") {
  const Folder folder;
  const std::string path = folder / "a.h5";
  json all = {{"integer", -7},
              {"large", int64_t{1} << 62},
              {"number", 0.1},
              {"whole", 2.0},
              {"tiny", 5e-324},
              {"text", "Fréchet, \"quoted\"\nand more"},
              {"empty", ""},
              {"yes", true},
              {"no", false},
              {"list", {1, 2.5, "three", {4}}},
              {"empty list", json::array()},
              {"object", {{"a", {{"b", nullptr}}}, {"c", 1e300}}},
              {"long", std::string(200000, 'x')}};
  {
    h5::File file = h5::File::create(path);
    file.write("group/x", at::ones({2}));
    for (const std::string at : {"/", "group", "group/x"}) {
      for (const auto& [name, value] : all.items()) file.set_attribute(at, name, value);
    }
    file.set_attribute("group", "integer", "now a text");
  }
  const h5::File file = h5::File::open(path);
  CHECK(file.attributes() == all);
  CHECK(file.attributes("group/x") == all);
  CHECK(file.attribute("group", "integer") == "now a text");
  CHECK(file.attribute("", "number").is_number_float());
  CHECK(file.attribute("/", "integer").is_number_integer());
  CHECK(file.attribute("/", "absent").is_null());
}

TEST_CASE("Datasets are listed by path, and what is not there is an error", "[io]") {
  const Folder folder;
  h5::File file = h5::File::create(folder / "a.h5");
  for (const char* name : {"b/z", "b/a", "a", "b/c/d"}) file.write(name, at::ones({1}));
  CHECK(file.datasets() == std::vector<std::string>{"a", "b/a", "b/c/d", "b/z"});
  CHECK(file.datasets("b") == std::vector<std::string>{"a", "c/d", "z"});
  CHECK(file.datasets("none").empty());
  CHECK(file.has("b/c"));
  CHECK_FALSE(file.has("b/c/e"));
  CHECK_FALSE(file.has("x/y/z"));
  CHECK_THROWS_WITH(file.read("b/e"), contains("a.h5: has no dataset 'b/e'"));
  CHECK_THROWS_AS(file.attribute("none", "x"), Error);
  CHECK_THROWS_AS(file.write("a", at::ones({1})), Error);
  CHECK_THROWS_AS(file.write("complex", at::zeros({1}, at::kComplexFloat)), Error);
}

TEST_CASE("Files that cannot be are errors that name them", "[io]") {
  const Folder folder;
  CHECK_THROWS_WITH(h5::File::open(folder / "none.h5"), contains("no such file"));
  CHECK_THROWS_AS(h5::File::create(folder / "none/a.h5"), Error);
  write_bytes(folder / "text.h5", "not HDF5 at all");
  CHECK_THROWS_WITH(h5::File::open(folder / "text.h5"), contains("text.h5: not a whole"));
  CHECK_THROWS_AS(h5::File::modify(folder / "text.h5"), Error);
}
