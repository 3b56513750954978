// PNG images, 8 bits a channel.
#pragma once
#include <string>

#include "base/types.h"

namespace couplet {

/// The bytes of a PNG file. image: (H, W) grey or (H, W, 3) colour, uint8.
std::string encode_png(const Tensor& image);
void write_png(const std::string& path, const Tensor& image);

/// (H, W) or (H, W, 3) uint8, as the file has it; palettes are resolved, alpha is ignored.
Tensor read_png(const std::string& path);
bool is_png(const std::string& path);

}  // namespace couplet
