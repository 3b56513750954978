#include "pictures.h"

#include <ATen/ATen.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
// libjpeg's header needs what <cstdio> declares.
#include <jpeglib.h>

namespace couplet::testing {

std::string encode_jpeg(const Tensor& image, bool progressive) {
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
  if (progressive) jpeg_simple_progression(&info);
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

namespace {

std::string number(uint64_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

std::string chunk(const std::string& name, const std::string& data) {
  const std::string body = name + data;
  const auto* bytes = reinterpret_cast<const Bytef*>(body.data());
  return number(data.size()) + body + number(crc32_z(0, bytes, body.size()));
}

std::string deflated(const std::string& bytes, int window) {
  std::string out(bytes.size() + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = bytes.size();
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = out.size();
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::string encode_any_png(int64_t width, int bits, int colour,
                           const std::vector<std::string>& rows,
                           const std::vector<std::pair<std::string, std::string>>& more) {
  const std::string kind = {static_cast<char>(bits), static_cast<char>(colour), 0, 0, 0};
  std::string out = "\x89PNG\r\n\x1a\n" + chunk("IHDR", number(width) + number(rows.size()) + kind);
  for (const auto& [name, data] : more) out += chunk(name, data);
  std::string pixels;
  for (const std::string& row : rows) pixels += '\0' + row;  // no filter
  return out + chunk("IDAT", deflated(pixels, MAX_WBITS)) + chunk("IEND", "");
}

std::string gzip(const std::string& bytes) { return deflated(bytes, MAX_WBITS + 16); }

}  // namespace couplet::testing
