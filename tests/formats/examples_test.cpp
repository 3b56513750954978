#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "formats/bytes.h"
#include "formats/csv.h"
#include "formats/examples.h"
#include "formats/idx.h"
#include "formats/npz.h"
#include "formats/png.h"
#include "pictures.h"
#include "testing.h"

using namespace couplet;
using Catch::Matchers::Contains;
using couplet::testing::gzip;
namespace fs = std::filesystem;

namespace {

/// A folder of its own, gone at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / text("couplet-formats-", getpid());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const {
    fs::create_directories((path / name).parent_path());
    return path / name;
  }
};

std::string encode_idx(const Tensor& array) {
  std::string out = {0, 0, 8, static_cast<char>(array.dim())};
  for (const int64_t size : array.sizes()) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift));
  }
  return out.append(static_cast<const char*>(array.const_data_ptr()), array.nbytes());
}

Tensor some_bytes(at::IntArrayRef sizes) {
  return at::arange(c10::multiply_integers(sizes)).mul(91).remainder(251).to(at::kByte).view(sizes);
}

}  // namespace

TEST_CASE("IDX: bytes, gzip or plain, and MNIST's four files", "[formats]") {
  const Folder folder;
  const Tensor images = some_bytes({5, 3, 4}), labels = at::arange(5).to(at::kByte);
  for (const bool packed : {false, true}) {
    const std::string path = folder / (packed ? "images.gz" : "images");
    write_bytes(path, packed ? gzip(encode_idx(images)) : encode_idx(images));
    CHECK(at::equal(open_idx(path).all(), images));
    CHECK(at::equal(read_examples(path).x.all(), images.unsqueeze(1)));
  }
  for (const std::string split : {"train", "t10k"}) {
    write_bytes(folder / (split + "-images-idx3-ubyte.gz"), gzip(encode_idx(images)));
    write_bytes(folder / (split + "-labels-idx1-ubyte"), encode_idx(labels));
  }
  const Examples all = read_examples(folder.path);
  CHECK(at::equal(all.x.all(), at::cat({images, images}).unsqueeze(1)));
  CHECK(at::equal(all.labels, at::cat({labels, labels}).to(at::kLong)));
  CHECK(all.train == 5);
  CHECK(all.files.size() == 4);

  const std::string bad = folder / "bad";
  write_bytes(bad, encode_idx(images).substr(0, 50));
  CHECK_THROWS_WITH(open_idx(bad), Contains("holds 34 bytes of data, expected 60"));
  write_bytes(bad, "not idx");
  CHECK_THROWS_WITH(open_idx(bad), Contains("not an IDX file"));
  CHECK_THROWS_WITH(read_examples(bad), Contains("not of a format that is read (idx-folder: "));
  const std::string packed = gzip(encode_idx(images));
  write_bytes(bad, packed.substr(0, packed.size() / 2));
  CHECK_THROWS_WITH(open_idx(bad), Contains("gzip data end too early"));
  CHECK_THROWS_WITH(read_bytes(folder / "absent"), Contains("No such file"));
}

TEST_CASE("CSV: numbers, headers, labels; errors name the line", "[formats]") {
  const Folder folder;
  const std::string path = folder / "table.csv";
  write_bytes(path, "0.5, -2e3\r\n1,2\n\n");
  CHECK(at::equal(read_examples(path).x.all(),
                  at::tensor({0.5, -2e3, 1., 2.}, at::kFloat).view({2, 2})));
  CHECK_FALSE(read_examples(path).labels.defined());
  write_bytes(path, "a,b,label\n1,2,0\n3,4,-1");
  CHECK(at::equal(read_examples(path).x.all(),
                  at::tensor({1., 2., 3., 4.}, at::kFloat).view({2, 2})));
  CHECK(at::equal(read_examples(path).labels, at::tensor({0, -1}, at::kLong)));

  const std::pair<const char*, const char*> wrong[] = {
      {"1,2\n3\n", "line 2: has 1 columns, the lines before 2"},
      {"1,2\n3,nan\n", "line 2, column 2: 'nan' is not a finite number"},
      {"1,2\n3,x\n", "line 2, column 2: 'x' is not a finite number"},
      {"1,2\n3,\n", "line 2, column 2: '' is not a finite number"},
      {"a,label\n1,0\n1,0.5\n", "row 1: label 0.5 is not"},
      {"", "has no lines of numbers"}};
  for (const auto& [content, message] : wrong) {
    write_bytes(path, content);
    CHECK_THROWS_WITH(read_csv_examples(path), Contains(message));
  }
}

TEST_CASE("a table written as CSV is read as the same numbers", "[formats]") {
  const Folder folder;
  const std::string path = folder / "table.csv";
  const Tensor x =
      at::tensor({0.1, -1e-30, 16777217., 3.4e38, 0., 1. / 3}, at::kFloat).view({2, 3});
  write_csv(path, x, at::tensor({-1, 7}, at::kLong));
  const Examples back = read_examples(path);
  CHECK(at::equal(back.x.all(), x));
  CHECK(at::equal(back.labels, at::tensor({-1, 7}, at::kLong)));
  CHECK(read_bytes(path).starts_with("x0,x1,x2,label\n0.1,-1e-30,16777216,-1\n"));
  write_csv(path, some_bytes({2, 1, 2, 2}), {});
  CHECK(read_bytes(path) == "x0,x1,x2,x3\n0,91,182,22\n113,204,44,135\n");
}

TEST_CASE("npz written and read is the same arrays", "[formats]") {
  const Folder folder;
  const std::string path = folder / "arrays.npz";
  const Tensors arrays = {{"x", some_bytes({4, 1, 2, 3})},
                          {"label", at::arange(4)},
                          {"half", at::arange(6).to(at::kHalf).view({2, 3})},
                          {"scale", at::scalar_tensor(0.125, at::kDouble)},
                          {"shift", at::scalar_tensor(-1.0, at::kDouble)},
                          {"none", at::empty({0, 3}, at::kFloat)}};
  write_npz(path, arrays);
  const Tensors read = read_npz(path);
  CHECK(read.size() == arrays.size());
  for (const auto& [name, array] : arrays) {
    CHECK(read.at(name).scalar_type() == array.scalar_type());
    CHECK(at::equal(read.at(name), array));
  }
  const Examples examples = read_examples(path);
  CHECK(at::equal(examples.x.all(), arrays.at("x")));
  CHECK(at::equal(examples.labels, arrays.at("label")));
}

TEST_CASE("a folder of PNG images: classes, splits, one size", "[formats]") {
  const Folder folder;
  const Tensor a = some_bytes({4, 4}), b = a + 1, c = a + 2;
  write_png(folder / "train/cat/1.png", a);
  write_png(folder / "train/dog/1.png", b);
  write_png(folder / "test/dog/1.png", c);
  const Examples examples = read_examples(folder.path);
  CHECK(at::equal(examples.x.all(), at::stack({a, b, c}).unsqueeze(1)));
  CHECK(at::equal(examples.labels, at::tensor({0, 1, 1}, at::kLong)));
  CHECK(examples.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(examples.train == 2);
  CHECK(read_examples(folder / "train").train == -1);
  CHECK_FALSE(read_examples(folder / "train/cat").labels.defined());
}

TEST_CASE("CIFAR's binary versions: records of labels and images", "[formats]") {
  const Folder folder;
  const Tensor images = some_bytes({12, 3, 32, 32});
  const auto write = [&](const std::string& name, int64_t first, int64_t count, int labels) {
    std::string bytes;
    for (int64_t i = first; i < first + count; ++i) {
      for (int k = 1; k < labels; ++k) bytes.push_back(9);  // coarse
      bytes.push_back(static_cast<char>(i % 3));
      bytes.append(static_cast<const char*>(images[i].const_data_ptr()), 3 * 32 * 32);
    }
    write_bytes(folder / name, bytes);
  };
  for (int i = 0; i < 5; ++i) write(text("ten/data_batch_", i + 1, ".bin"), 2 * i, 2, 1);
  write("ten/test_batch.bin", 10, 2, 1);
  write_bytes(folder / "ten/batches.meta.txt", "plane\ncar\nbird\n\n");
  write("hundred/train.bin", 0, 9, 2), write("hundred/test.bin", 9, 3, 2);
  for (const auto& [name, train] : {std::pair{"ten", 10}, {"hundred", 9}}) {
    const Examples found = read_examples((folder.path / name).string());
    INFO(name);
    CHECK(at::equal(found.x.all(), images));
    CHECK(at::equal(found.labels, at::arange(12).remainder(3)));
    CHECK(found.train == train);
  }
  CHECK(read_examples((folder.path / "ten").string()).classes ==
        std::vector<std::string>{"plane", "car", "bird"});

  write_bytes(folder / "ten/batches.meta.txt", "plane\ncar\n");
  CHECK_THROWS_WITH(read_examples((folder.path / "ten").string()), Contains("has 2 classes"));
  write_bytes(folder / "ten/data_batch_3.bin", std::string(3000, '\0'));
  CHECK_THROWS_WITH(read_examples((folder.path / "ten").string()),
                    Contains("no whole records of 3073"));
  fs::remove(folder.path / "hundred/test.bin");
  CHECK_THROWS_WITH(read_examples((folder.path / "hundred").string()), Contains("test.bin"));
}

TEST_CASE("foreign HDF5: x and label, channels last turned first", "[formats]") {
  const Folder folder;
  const std::string path = folder / "foreign.h5";
  const Tensor x = some_bytes({3, 4, 4, 3});
  h5::File file = h5::File::create(path);
  file.write("x", x);
  file.write("label", at::arange(3).to(at::kInt));
  file.close();
  const Examples examples = read_examples(path);
  CHECK(at::equal(examples.x.all(), x.permute({0, 3, 1, 2})));
  CHECK(at::equal(examples.labels, at::arange(3)));
}
