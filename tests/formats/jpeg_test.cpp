#include "formats/jpeg.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "base/error.h"
#include "folder.h"
#include "formats/examples.h"
#include "formats/png.h"
#include "pictures.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// Smooth colours, which JPEG keeps: (H, W, C).
Tensor smooth(int64_t H, int64_t W, int64_t C) {
  const Tensor y = at::linspace(0, 200, H).view({H, 1, 1}), x = at::linspace(0, 50, W).view({W, 1});
  return (y + x * at::linspace(1, 0, C)).to(at::kByte).contiguous();
}

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a.to(at::kFloat) - b.to(at::kFloat)).abs().max().item<double>();
}

}  // namespace

TEST_CASE("a JPEG image is read upright, grey or in colour", "[formats]") {
  const Folder folder;
  const std::string path = folder / "image.jpg";
  write_bytes(path, encode_jpeg(smooth(32, 20, 3)));
  CHECK(is_jpeg(path));
  CHECK(read_jpeg(path).sizes() == at::IntArrayRef({32, 20, 3}));
  CHECK(largest_difference(read_jpeg(path), smooth(32, 20, 3)) < 8);
  write_bytes(path, encode_jpeg(smooth(9, 17, 1)));
  CHECK(largest_difference(read_jpeg(path), smooth(9, 17, 1).squeeze(2)) < 4);
  write_bytes(path, encode_jpeg(smooth(32, 20, 3), /*progressive=*/true));
  CHECK(largest_difference(read_jpeg(path), smooth(32, 20, 3)) < 8);
}

TEST_CASE("a JPEG that is damaged, cut off or for print is refused by name", "[formats]") {
  const Folder folder;
  const std::string path = folder / "image.jpg", whole = encode_jpeg(smooth(64, 64, 3));
  write_bytes(path, whole.substr(0, whole.size() / 2));
  CHECK_THROWS_WITH(read_jpeg(path), contains("image.jpg: damaged JPEG image: Corrupt JPEG data"));
  write_bytes(path, whole.substr(0, 10));
  CHECK_THROWS_WITH(read_jpeg(path), contains("not a JPEG"));
  write_bytes(path, "\x89PNG and so on");
  CHECK_FALSE(is_jpeg(path));
  CHECK_THROWS_WITH(read_jpeg(path), contains("not a JPEG"));
  write_bytes(path, "");
  CHECK_THROWS_WITH(read_jpeg(path), contains("image.jpg"));
  write_bytes(path, encode_jpeg(smooth(8, 8, 4)));
  CHECK_THROWS_WITH(read_jpeg(path), contains("a JPEG image of 4 colours (CMYK, as for print?)"));
  // A header of 65500 x 65500 pixels takes no room.
  std::string large = encode_jpeg(smooth(8, 8, 1));
  const size_t frame = large.find("\xff\xc0");
  large.replace(frame + 5, 4, "\xff\xdc\xff\xdc");
  write_bytes(path, large);
  CHECK_THROWS_WITH(read_jpeg(path), contains("65500 x 65500 pixels cannot lie in a file of"));
}

TEST_CASE("a JPEG that asks for scan after scan is refused", "[formats]") {
  const Folder folder;
  const std::string path = folder / "image.jpg";
  const std::string whole = encode_jpeg(smooth(16, 16, 1), true);
  const size_t scan = whole.rfind("\xff\xda"), end = whole.size() - 2;
  std::string many = whole.substr(0, end);
  for (int i = 0; i < 200; ++i) many += whole.substr(scan, end - scan);
  write_bytes(path, many + whole.substr(end));
  CHECK_THROWS_WITH(read_jpeg(path), contains("damaged JPEG image"));
}

TEST_CASE("a folder may hold PNG and JPEG images", "[formats]") {
  const Folder folder;
  std::filesystem::create_directories(folder / "frog");
  write_bytes(folder / "frog/1.jpg", encode_jpeg(smooth(8, 8, 3)));
  write_png(folder / "frog/2.png", smooth(8, 8, 3));
  const Examples examples = read_examples(folder / "");
  CHECK(examples.x.sizes() == std::vector<int64_t>{2, 3, 8, 8});
  const Tensor x = examples.x.all();
  CHECK(largest_difference(x[0], x[1]) < 8);
}
