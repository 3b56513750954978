#include "formats/npz.h"

#include "base/error.h"
#include "folder.h"
#include "formats/examples.h"
#include "formats/zip.h"
#include "pictures.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// A .npy file of any header and data.
std::string npy(const std::string& header, const std::string& data) {
  std::string out = std::string("\x93NUMPY\x01\0", 8);
  out += static_cast<char>(header.size() & 255);
  out += static_cast<char>(header.size() >> 8);
  return out + header + data;
}
std::string npy(const std::string& descr, const std::string& shape, const std::string& data,
                bool fortran = false) {
  return npy("{'descr': " + descr + ", 'fortran_order': " + (fortran ? "True" : "False") +
                 ", 'shape': (" + shape + "), }\n",
             data);
}

void write_zip(const std::string& path, const std::vector<std::pair<std::string, std::string>>& all,
               bool zip64 = false) {
  ZipWriter zip(path);
  for (const auto& [name, bytes] : all) zip.begin(name, bytes.size(), zip64), zip.write(bytes);
  zip.finish();
}

std::string put(std::string bytes, size_t at, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

}  // namespace

TEST_CASE("an array in Fortran's order is turned, compressed ones are unpacked", "[formats]") {
  const Folder folder;
  couplet::testing::write_bytes(folder / "f.npy", npy("'|u1'", "2, 3,", "\1\4\2\5\3\6", true));
  CHECK(at::equal(open_npy(folder / "f.npy").all(),
                  at::tensor({1, 2, 3, 4, 5, 6}, at::kByte).view({2, 3})));
  const std::string plain = npy("'<i2'", "2,", std::string("\1\0\xff\xff", 4));
  couplet::testing::write_bytes(folder / "g.npy", gzip(plain));
  CHECK(at::equal(open_npy(folder / "g.npy").all(), at::tensor({1, -1}, at::kShort)));
  CHECK(read_examples(folder / "f.npy").x.type() == at::kByte);
}

TEST_CASE("arrays that cannot be read say what they are", "[formats]") {
  const Folder folder;
  const std::string path = folder / "a.npy", four = "1234";
  const std::pair<std::string, std::string> wrong[] = {
      {npy("'|O'", "2,", four), "elements of type '|O', which is not read (there are: |u1, "},
      {npy("'|b1'", "4,", four), "elements of type '|b1', which is not read"},
      {npy("'>f4'", "1,", four), "elements of type '>f4', which is not read"},
      {npy("[('a', '<f4')]", "1,", four), "which is not read"},
      {npy("'<f4'", "2,", four), "holds 4 bytes of data, expected 4 for each of [2]"},
      {npy("'<f4'", "1000000000000000, 1000000000000000,", four), "holds 4 bytes of data"},
      {npy("'<f4'", "99999999999999999999,", four), "which are none"},
      {npy("'<f4'", "-1,", four), "which are none"},
      {npy("'<f4'", "1x", four), "which are none"},
      {npy("{'descr': '<f4'}", four), "its header has no simple 'shape'"},
      {npy("'<f4'", "1,", four).substr(0, 30), "ends within its header"},
      {std::string("\x93NUMPY\x07\0", 8) + four + four, "of version 7"},
      {"\x93NUMPY", "not a numpy array"}};
  for (const auto& [bytes, message] : wrong) {
    couplet::testing::write_bytes(path, bytes);
    CHECK_THROWS_WITH(open_npy(path), contains(message));
  }
}

TEST_CASE("zip archives, zip64 or not, are read as they were written", "[formats]") {
  const Folder folder;
  for (const bool zip64 : {false, true}) {
    const std::string path = folder / text("a", zip64, ".zip");
    write_zip(path, {{"a", "some content"}, {"b", ""}}, zip64);
    const auto members = list_zip(path);
    REQUIRE(members.size() == 2);
    CHECK(members[0].name == "a");
    CHECK(read_member(path, members[0]) == "some content");
    CHECK(read_member(path, members[1]).empty());
  }
}

TEST_CASE("a damaged archive is refused before room is taken", "[formats]") {
  const Folder folder;
  const std::string good = folder / "good.npz", bad = folder / "bad.npz";
  const std::string x = npy("'|u1'", "2, 2,", "abcd");
  write_zip(good, {{"x.npy", x}});
  const std::string whole = couplet::testing::read_bytes(good);
  const size_t list = whole.find("PK\1\2"), end = whole.find("PK\5\6");
  const auto refused = [&](const std::string& bytes, const std::string& message) {
    couplet::testing::write_bytes(bad, bytes);
    CHECK_THROWS_WITH(read_npz(bad), contains(message));
    CHECK_THROWS_WITH(read_examples(bad), contains(message));
  };
  refused(whole.substr(0, whole.size() / 2), "not a whole zip archive");
  refused(put(whole, whole.find("abcd"), 'A', 1), "checksum is wrong");
  refused(put(whole, list + 24, 1 << 30, 4), "bytes there cannot be 1073741824");
  refused(put(put(whole, list + 10, 8, 2), list + 24, 0xfffffff0, 4), "cannot be 4294967280");
  refused(put(put(whole, list + 20, 1 << 30, 4), list + 24, 1 << 30, 4), "ends too early");
  refused(put(whole, list + 42, 0x7fffffff, 4), "ends too early");
  refused(put(whole, list + 10, 12, 2), "packed by method 12");
  refused(put(whole, list, 0, 4), "damaged list of members");
  refused(put(whole, end + 16, 0x7fffffff, 4), "lies outside of it");
  refused(put(whole, end + 10, 7, 2), "damaged list of members");

  write_zip(bad, {{"x.npy", x}, {"x.npy", x}});
  CHECK_THROWS_WITH(read_npz(bad), contains("has two members 'x.npy'"));
  write_zip(bad, {{"x.npy", x}, {"x", x}});
  CHECK_THROWS_WITH(read_examples(bad), contains("has two arrays 'x'"));
  write_zip(bad, {{"x.npy", npy("'|O'", "2,", "pickle")}});
  CHECK_THROWS_WITH(read_examples(bad), contains("bad.npz, x.npy: has elements of type '|O'"));
}

TEST_CASE("an archive without the arrays that are needed names those there are", "[formats]") {
  const Folder folder;
  const std::string path = folder / "a.npz";
  const Tensor some = at::zeros({3, 4});
  write_npz(path, {{"images", some}, {"y", some}});
  CHECK_THROWS_WITH(read_examples(path),
                    contains("has no array 'x' or 'arr_0' (there are: images, y)"));
  write_npz(path, {{"x", some}, {"label", at::zeros({2})}});
  CHECK_THROWS_WITH(read_examples(path), contains("label has sizes [2] for 3 rows"));
  write_npz(path, {{"x", some}, {"train", at::zeros({2})}});
  CHECK_THROWS_WITH(read_examples(path), contains("train has sizes [2], expected one number"));
  write_npz(path, {{"x", some}, {"train", at::scalar_tensor(4, at::kLong)}});
  CHECK_THROWS_WITH(read_examples(path), contains("train is 4, of 3 rows"));
  write_npz(path, {{"x", at::zeros({3})}});
  CHECK_THROWS_WITH(read_examples(path), contains("x has sizes [3], expected (rows, …)"));
  write_npz(path, {{"x", some}, {"label", at::full({3}, 0.5)}});
  CHECK_THROWS_WITH(read_examples(path), contains("row 0: label 0.5 is not"));
  write_npz(path, {{"x", at::zeros({0, 4})}});
  CHECK_THROWS_WITH(read_examples(path), contains("holds no examples"));

  const std::string foreign = folder / "a.h5";
  h5::File file = h5::File::create(foreign);
  file.write("group/data", some);
  file.close();
  CHECK_THROWS_WITH(read_examples(foreign),
                    contains("has no array 'x' or 'arr_0' (there are: group/data)"));
}
