// Images in files as other programs write them.
#pragma once
#include <string>

#include "base/types.h"

namespace couplet::testing {

/// image: (H, W, C) uint8, C 1, 3 or 4 (CMYK).
std::string encode_jpeg(const Tensor& image, bool progressive = false);

/// A PNG file: bits of a channel, its colour type (0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6
/// RGBA), and the bytes of each row. more: chunks (name, data) in front of the pixels.
std::string encode_any_png(int64_t width, int bits, int colour,
                           const std::vector<std::string>& rows,
                           const std::vector<std::pair<std::string, std::string>>& more = {});

/// Bytes as a gzip file.
std::string gzip(const std::string& bytes);

}  // namespace couplet::testing
