#include "formats/png.h"

#include <zlib.h>

#include <filesystem>

#include "base/error.h"
#include "base/random.h"
#include "formats/bytes.h"
#include "formats/grid.h"
#include "pictures.h"
#include "testing.h"

using namespace couplet;
using Catch::Matchers::Contains;

namespace {

Tensor picture(at::IntArrayRef sizes) {
  return at::arange(c10::multiply_integers(sizes)).mul(37).remainder(256).to(at::kByte).view(sizes);
}

}  // namespace

TEST_CASE("PNG written and read is the same image", "[formats]") {
  const std::string path = std::filesystem::temp_directory_path() / "couplet-image.png";
  for (const auto& sizes : {std::vector<int64_t>{5, 7}, {6, 4, 3}, {1, 1}}) {
    write_png(path, picture(sizes));
    CHECK(is_png(path));
    CHECK(at::equal(read_png(path), picture(sizes)));
  }
  const std::string whole = encode_png(picture({64, 64}));
  write_bytes(path, whole.substr(0, whole.size() / 2));
  CHECK_THROWS_WITH(read_png(path), Contains("damaged PNG"));
  write_bytes(path, "P5 1 1 255 x");
  CHECK_THROWS_WITH(read_png(path), Contains("not a PNG"));
  std::filesystem::remove(path);
}

TEST_CASE("PNG of other kinds: its own numbers, 8 bits, grey or RGB", "[formats]") {
  using couplet::testing::encode_any_png;
  const std::string path = std::filesystem::temp_directory_path() / "couplet-kinds.png";
  const auto read = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    return read_png(path);
  };
  const auto bytes = [](std::vector<int64_t> sizes, const std::vector<int64_t>& numbers) {
    return at::tensor(numbers, at::kByte).view(sizes);
  };
  // 16 bits: 0x8000 / 65535 * 255 = 127.5
  CHECK(at::equal(read(encode_any_png(3, 16, 0, {std::string("\0\0\x7f\xff\xff\xff", 6)})),
                  bytes({1, 3}, {0, 127, 255})));
  CHECK(at::equal(read(encode_any_png(1, 16, 2, {std::string("\1\1\x80\x80\xff\xff", 6)})),
                  bytes({1, 1, 3}, {1, 128, 255})));
  // Alpha is left out, 0 as well; so is a gamma.
  CHECK(at::equal(read(encode_any_png(2, 8, 4, {std::string("\x40\0\x50\xff", 4)})),
                  bytes({1, 2}, {0x40, 0x50})));
  CHECK(at::equal(read(encode_any_png(2, 8, 6, {std::string("\1\2\3\0\4\5\6\xff", 8)})),
                  bytes({1, 2, 3}, {1, 2, 3, 4, 5, 6})));
  CHECK(at::equal(read(encode_any_png(2, 8, 0, {"\x40\x50"}, {{"gAMA", {"\0\1\x86\xa0", 4}}})),
                  bytes({1, 2}, {0x40, 0x50})));
  // A palette, with a transparent colour; two bits and one bit a pixel.
  CHECK(at::equal(
      read(encode_any_png(3, 2, 3, {"\x18"}, {{"PLTE", "abcdefghi"}, {"tRNS", {"\0", 1}}})),
      bytes({1, 3, 3}, {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'})));
  CHECK(at::equal(read(encode_any_png(4, 1, 0, {"\x50"})), bytes({1, 4}, {0, 255, 0, 255})));

  // A header of a million pixels each way takes no room.
  std::string large = encode_any_png(1, 8, 0, {"a"});
  const std::string head("IHDR\0\x0f\x42\x40\0\x0f\x42\x40\x08\0\0\0\0", 17);
  const uint32_t crc = crc32(0, reinterpret_cast<const Bytef*>(head.data()), head.size());
  large.replace(12, 17, head);
  for (int i = 0; i < 4; ++i) large[29 + i] = static_cast<char>(crc >> (24 - 8 * i));
  CHECK_THROWS_WITH(read(large), Contains("1000000 x 1000000 pixels cannot lie in a file of"));
  std::filesystem::remove(path);
}

TEST_CASE("a grid holds each image once, a line apart", "[formats]") {
  const Tensor images = picture({5, 1, 2, 3});
  const Tensor page = image_grid(images, 3, 2);
  CHECK(page.sizes() == at::IntArrayRef({2 * (2 * 3 - 1), 2 * (3 * 4 - 1)}));
  const Tensor small = page.slice(0, 0, std::nullopt, 2).slice(1, 0, c10::nullopt, 2);
  CHECK(at::equal(small.narrow(0, 3, 2).narrow(1, 4, 3), images[4][0]));
  CHECK(small.narrow(0, 3, 2).narrow(1, 8, 3).min().item<int>() == 255);
  CHECK(image_grid(picture({2, 3, 4, 4}), 10).sizes() == at::IntArrayRef({4, 9, 3}));
  CHECK_THROWS_AS(image_grid(picture({2, 2}), 1), Error);
}

TEST_CASE("points of the plane make a picture, dark where they crowd, upright", "[formats]") {
  // Half of them in the upper right corner of a wide cloud, one far away.
  Tensor points = Random(1).normal(row_range(0, 4000), {2});
  points.slice(0, 0, 2000).mul_(0.05).add_(1.5);
  points[3999] = 1e3;
  const Tensor page = picture_of_points(points.narrow(0, 0, 3999), 32);
  CHECK(page.sizes() == at::IntArrayRef({32, 32}));
  const int64_t darkest = page.argmin().item<int64_t>();
  CHECK(darkest / 32 < 16);
  CHECK(darkest % 32 > 16);
  CHECK(page[31][0].item<int>() == 255);
  CHECK(picture_of_points(points, 32).min().item<int>() < 255);
}
