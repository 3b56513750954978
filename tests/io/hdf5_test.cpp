#include "io/hdf5.h"

#include <hdf5.h>

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

namespace {

/// A file that others made, by the HDF5 library itself.
struct Foreign {
  hid_t file;
  explicit Foreign(const std::string& path)
      : file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~Foreign() { H5Fclose(file); }

  void dataset(const char* name, hid_t type, std::vector<hsize_t> sizes, hid_t how = H5P_DEFAULT,
               const int64_t* data = nullptr) const {
    const hid_t space = H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    const hid_t made = H5Dcreate2(file, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    if (data != nullptr) H5Dwrite(made, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    H5Dclose(made), H5Sclose(space);
  }
  void text(const char* name, const std::string& words) const {
    const hid_t type = H5Tcopy(H5T_C_S1), one = H5Screate(H5S_SCALAR);
    H5Tset_size(type, words.size());
    const hid_t made = H5Acreate2(file, name, type, one, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(made, type, words.data());
    H5Aclose(made), H5Sclose(one), H5Tclose(type);
  }
};

}  // namespace

TEST_CASE("Numbers of the other order of bytes are turned", "[io]") {
  const Folder folder;
  const int64_t numbers[] = {1, -2, 1ll << 40};
  Foreign(folder / "a.h5").dataset("x", H5T_STD_I64BE, {3}, H5P_DEFAULT, numbers);
  const h5::File file = h5::File::open(folder / "a.h5");
  const Tensor expected = at::tensor(at::ArrayRef<int64_t>(numbers), at::kLong);
  CHECK(at::equal(file.read("x"), expected));
  CHECK(at::equal(file.map("x"), expected));
  CHECK(at::equal(file.array("x").all(), expected));
}

TEST_CASE("What lies in other files is not read, whatever links to it", "[io]") {
  const Folder folder;
  h5::File other = h5::File::create(folder / "other.h5");
  other.write("x", at::ones({3}));
  other.close();
  write_bytes(folder / "raw", "12345678");
  {
    const Foreign made(folder / "a.h5");
    H5Lcreate_external((folder / "other.h5").c_str(), "/x", made.file, "x", H5P_DEFAULT,
                       H5P_DEFAULT);
    H5Lcreate_soft("/x", made.file, "soft", H5P_DEFAULT, H5P_DEFAULT);
    const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(how, (folder / "raw").c_str(), 0, 8);
    made.dataset("raw", H5T_STD_U8LE, {8}, how);
    H5Pclose(how);
  }
  const h5::File file = h5::File::open(folder / "a.h5");
  CHECK_FALSE(file.has("x"));
  CHECK_FALSE(file.has("soft"));
  CHECK_THROWS_WITH(file.read("x"), contains("has no dataset 'x'"));
  CHECK_THROWS_WITH(file.read("raw"), contains("its numbers lie in other files"));
  CHECK_THROWS_WITH(file.map("raw"), contains("its numbers lie in other files"));
  CHECK_THROWS_WITH(file.array("raw"), contains("its numbers lie in other files"));
}

TEST_CASE("Sizes that a file cannot hold are refused before room is taken", "[io]") {
  const Folder folder;
  {
    const Foreign made(folder / "a.h5");
    made.dataset("large", H5T_STD_U8LE, {1ull << 40});
    const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk[] = {1 << 20};
    H5Pset_chunk(how, 1, chunk);
    made.dataset("sparse", H5T_STD_U8LE, {1ull << 40}, how);
    H5Pclose(how);
  }
  const h5::File file = h5::File::open(folder / "a.h5");
  for (const char* name : {"large", "sparse"}) {
    INFO(name);
    CHECK_THROWS_WITH(file.read(name), contains("are more than a file of"));
    CHECK_THROWS_WITH(file.map(name), contains("are more than a file of"));
    CHECK_THROWS_WITH(file.array(name), contains("are more than a file of"));
  }
}

TEST_CASE("Attributes that cannot be shown are refused, deep JSON stays a text", "[io]") {
  const Folder folder;
  {
    const Foreign made(folder / "a.h5");
    made.text("bad", "\xff\xfe");
    made.text("deep", std::string(5000, '['));
    made.text("list", "[1, [2]]");
  }
  const h5::File file = h5::File::open(folder / "a.h5");
  CHECK(file.attribute("/", "list") == json::parse("[1, [2]]"));
  CHECK_THROWS_WITH(file.attribute("/", "bad"), contains("attribute bad: "));
  CHECK(file.attribute("/", "deep") == std::string(5000, '['));
}
