#include "formats/png.h"

#include <filesystem>

#include "base/error.h"
#include "base/random.h"
#include "formats/bytes.h"
#include "formats/grid.h"
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
