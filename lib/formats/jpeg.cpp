#include "formats/jpeg.h"

#include <ATen/ATen.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
// libjpeg's header needs what <cstdio> declares.
#include <jpeglib.h>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

constexpr int most_scans = 100;
// Bytes of pixels to one of the file: in a progressive image of one colour, with a colour for every
// four pixels, 768 bytes take six bits.
constexpr int64_t most_packed = 1024;

/// libjpeg's reader of one image, freed on every way out. It leaves a call that fails by longjmp,
/// so that nothing with a destructor may live in what it is given to do.
class JpegReader {
 public:
  JpegReader() {
    info_.err = jpeg_std_error(&errors_);
    info_.client_data = this;
    errors_.error_exit = [](j_common_ptr info) {
      keep_message(info);
      std::longjmp(static_cast<JpegReader*>(info->client_data)->back_, 1);
    };
    errors_.emit_message = [](j_common_ptr info, int level) {
      if (level >= 0) return;  // not a warning
      ++info->err->num_warnings;
      keep_message(info);
    };
    // A few bytes can ask for a scan of the whole image, over and over.
    progress_.progress_monitor = [](j_common_ptr info) {
      auto* self = static_cast<JpegReader*>(info->client_data);
      if (self->info_.input_scan_number <= most_scans) return;
      std::strcpy(self->message_, "more scans than are read");
      std::longjmp(self->back_, 1);
    };
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;

  /// Reads the header; errors as of run.
  bool begin(const std::string& bytes) {
    return run([this, &bytes](jpeg_decompress_struct& info) {
      jpeg_create_decompress(&info);  // clears all but err and client_data
      info.progress = &progress_;
      jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      jpeg_read_header(&info, TRUE);
      info.out_color_space = info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    });
  }
  /// False where libjpeg fails or has to guess: then message() says why.
  template <class Work>
  bool run(const Work& work) {
    static_assert(std::is_trivially_destructible_v<Work>);
    if (setjmp(back_) != 0) return false;
    work(info_);
    return errors_.num_warnings == 0;
  }
  const jpeg_decompress_struct& info() const { return info_; }
  const char* message() const { return message_; }

 private:
  static void keep_message(j_common_ptr info) {
    info->err->format_message(info, static_cast<JpegReader*>(info->client_data)->message_);
  }
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf back_{};
  char message_[JMSG_LENGTH_MAX] = "";
};

}  // namespace

Tensor read_jpeg(const std::string& path) {
  const std::string bytes = read_bytes(path);
  JpegReader reader;
  require(reader.begin(bytes), path, ": not a JPEG image that can be read: ", reader.message());
  const auto& header = reader.info();
  require(header.num_components == 1 || header.num_components == 3, path, ": a JPEG image of ",
          header.num_components, " colours (CMYK, as for print?); expected grey or RGB");
  const int64_t promised = int64_t{header.image_height} * header.image_width;
  require(promised * header.num_components / most_packed <= std::ssize(bytes) + 1, path, ": ",
          header.image_height, " x ", header.image_width, " pixels cannot lie in a file of ",
          bytes.size(), " bytes (damaged)");
  const bool started =
      reader.run([](jpeg_decompress_struct& info) { jpeg_start_decompress(&info); });
  require(started, path, ": damaged JPEG image: ", reader.message());
  const int64_t height = reader.info().output_height, width = reader.info().output_width;
  const bool grey = reader.info().output_components == 1;
  Tensor pixels = at::empty({height, width, grey ? 1 : 3}, at::kByte);
  unsigned char* out = pixels.mutable_data_ptr<uint8_t>();
  const bool whole = reader.run([out](jpeg_decompress_struct& info) {
    const size_t row = static_cast<size_t>(info.output_width) * info.output_components;
    while (info.output_scanline < info.output_height) {
      unsigned char* line = out + info.output_scanline * row;
      jpeg_read_scanlines(&info, &line, 1);
    }
    jpeg_finish_decompress(&info);
  });
  require(whole, path, ": damaged JPEG image: ", reader.message());
  return grey ? pixels.squeeze(2) : pixels;
}

bool is_jpeg(const std::string& path) { return first_bytes(path, 3) == "\xff\xd8\xff"; }

}  // namespace couplet
