#include "formats/png.h"

#include <ATen/ATen.h>
#include <png.h>

#include <csetjmp>
#include <cstring>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

/// libpng's description of one image to be written, freed on every way out.
struct Png : png_image {
  Png() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~Png() { png_image_free(this); }
};

/// libpng's reader of one image, freed on every way out. It leaves a call that fails by longjmp, so
/// that nothing with a destructor may live in what it is given to do.
class PngReader {
 public:
  explicit PngReader(const std::string& bytes) : bytes_(bytes) {
    png_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp message) {
          auto* self = static_cast<PngReader*>(png_get_error_ptr(png));
          std::strncpy(self->message_, message, sizeof self->message_ - 1);
          std::longjmp(self->back_, 1);
        },
        [](png_structp, png_const_charp) {});
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    require(info_ != nullptr, "libpng cannot begin");
    png_set_read_fn(png_, this, [](png_structp png, png_bytep out, size_t size) {
      auto* self = static_cast<PngReader*>(png_get_io_ptr(png));
      if (size > self->bytes_.size() - self->at_) png_error(png, "it ends too early");
      std::memcpy(out, self->bytes_.data() + self->at_, size);
      self->at_ += size;
    });
    // Texts and profiles are passed over; what lies beside the pixels takes no room.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_chunk_malloc_max(png_, 1 << 20);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;

  /// False where libpng fails: then message() says why.
  template <class Work>
  bool run(const Work& work) {
    static_assert(std::is_trivially_destructible_v<Work>);
    if (setjmp(back_) != 0) return false;
    work(png_, info_);
    return true;
  }
  const char* message() const { return message_; }

 private:
  const std::string& bytes_;
  size_t at_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf back_{};
  char message_[200] = "";
};

struct PngLayout {
  int64_t height, width, channels, row;
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
  PngReader reader(bytes);
  PngLayout layout{};
  const bool begun = reader.run([out = &layout](png_structp png, png_infop info) {
    png_read_info(png, info);
    out->height = png_get_image_height(png, info), out->width = png_get_image_width(png, info);
    // No gamma: the numbers are those of the file, as other programs take them.
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    out->channels = (png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
  });
  require(begun, path, ": not a PNG image: ", reader.message());
  const auto& [height, width, channels, row] = layout;
  // Of one bit a pixel, packed as tightly as can be.
  const auto most = static_cast<int64_t>(most_inflation * bytes.size());
  require(height * width / 8 <= most, path, ": ", height, " x ", width,
          " pixels cannot lie in a file of ", bytes.size(), " bytes (damaged)");
  const bool planned = reader.run([out = &layout](png_structp png, png_infop info) {
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    out->row = static_cast<int64_t>(png_get_rowbytes(png, info));
  });
  require(planned && row == width * channels, path, ": damaged PNG image: ", reader.message());
  Tensor pixels = at::empty({height, width, channels}, at::kByte);
  std::vector<png_bytep> lines(height);
  for (int64_t i = 0; i < height; ++i) lines[i] = pixels.mutable_data_ptr<uint8_t>() + i * row;
  const bool whole = reader.run([to = lines.data()](png_structp png, png_infop) {
    png_read_image(png, to);
    png_read_end(png, nullptr);
  });
  require(whole, path, ": damaged PNG image: ", reader.message());
  return channels == 1 ? pixels.squeeze(2) : pixels;
}

bool is_png(const std::string& path) { return first_bytes(path, 8) == "\x89PNG\r\n\x1a\n"; }

}  // namespace couplet
