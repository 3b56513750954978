// JPEG images.
#pragma once
#include <string>

#include "base/types.h"

namespace couplet {

/// (H, W) grey or (H, W, 3) colour, uint8. Errors: not a JPEG, one that ends early or is damaged,
/// or colours for print (CMYK).
Tensor read_jpeg(const std::string& path);
bool is_jpeg(const std::string& path);

}  // namespace couplet
