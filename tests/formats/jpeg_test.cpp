#include "formats/jpeg.h"

#include <ATen/ATen.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
// libjpeg's header needs what <cstdio> declares.
#include <jpeglib.h>

#include "folder.h"
#include "formats/examples.h"
#include "formats/png.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// image: (H, W, C) uint8, C 1, 3 or 4 (CMYK).
std::string encode_jpeg(const Tensor& image) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_height = image.size(0), info.image_width = image.size(1);
  info.input_components = static_cast<int>(image.size(2));
  info.in_color_space = image.size(2) == 1   ? JCS_GRAYSCALE
                        : image.size(2) == 3 ? JCS_RGB
                                             : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 98, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = image[info.next_scanline].mutable_data_ptr<uint8_t>();
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string out(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return out;
}

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
  CHECK_THROWS_WITH(read_jpeg(path), contains("not a JPEG image that can be read"));
}

TEST_CASE("a folder may hold PNG and JPEG images", "[formats]") {
  const Folder folder;
  std::filesystem::create_directories(folder / "frog");
  write_bytes(folder / "frog/1.jpg", encode_jpeg(smooth(8, 8, 3)));
  write_png(folder / "frog/2.png", smooth(8, 8, 3));
  const Examples examples = read_examples(folder / "");
  CHECK(examples.x.sizes() == at::IntArrayRef({2, 3, 8, 8}));
  CHECK(largest_difference(examples.x[0], examples.x[1]) < 8);
}
