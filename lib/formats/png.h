// PNG images, 8 bits a channel.
#pragma once
#include <string>

#include "base/types.h"

namespace couplet {

/// The bytes of a PNG file. image: (H, W) grey or (H, W, 3) colour, uint8.
std::string encode_png(const Tensor& image);
void write_png(const std::string& path, const Tensor& image);

/// (H, W) or (H, W, 3) uint8, the numbers of the file: palettes are resolved, fewer bits spread
/// over 0 .. 255, 16 bits rounded to 8; alpha and gamma are left out. Errors: not a PNG, damaged,
/// more pixels than its bytes can hold.
Tensor read_png(const std::string& path);
bool is_png(const std::string& path);

}  // namespace couplet
