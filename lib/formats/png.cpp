#include "formats/png.h"

#include <ATen/ATen.h>
#include <png.h>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

/// libpng's description of one image, freed on every way out.
struct Png : png_image {
  Png() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~Png() { png_image_free(this); }
};

}  // namespace

std::string encode_png(const Tensor& image) {
  const bool colour = image.dim() == 3 && image.size(2) == 3;
  TORCH_INTERNAL_ASSERT(image.scalar_type() == at::kByte && (image.dim() == 2 || colour));
  const Tensor pixels = image.cpu().contiguous();
  Png png;
  png.height = pixels.size(0);
  png.width = pixels.size(1);
  png.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string bytes(size, '\0');
  const int ok = png_image_write_to_memory(&png, bytes.data(), &size, false,
                                           pixels.const_data_ptr(), 0, nullptr);
  require(ok != 0, "image of ", image.sizes(), ": cannot be encoded as PNG: ", png.message);
  bytes.resize(size);
  return bytes;
}

void write_png(const std::string& path, const Tensor& image) {
  write_bytes(path, encode_png(image));
}

Tensor read_png(const std::string& path) {
  const std::string bytes = read_bytes(path);
  Png png;
  require(png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) != 0, path,
          ": not a PNG image: ", png.message);
  const bool colour = (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.format = colour ? PNG_FORMAT_RGBA : PNG_FORMAT_GA;  // with alpha, or libpng blends it in
  Tensor pixels = at::empty({png.height, png.width, colour ? 4 : 2}, at::kByte);
  require(png_image_finish_read(&png, nullptr, pixels.mutable_data_ptr(), 0, nullptr) != 0 &&
              !PNG_IMAGE_FAILED(png),
          path, ": damaged PNG image: ", png.message);
  return (colour ? pixels.narrow(2, 0, 3) : pixels.select(2, 0)).contiguous();
}

bool is_png(const std::string& path) { return first_bytes(path, 8) == "\x89PNG\r\n\x1a\n"; }

}  // namespace couplet
