// Folders of images.
#pragma once
#include "formats/examples.h"

namespace couplet {

bool is_image_folder(const std::string& path);
/// All PNG and JPEG files under a folder, sorted by name, (M, C, H, W). Subfolders are classes;
/// above them there may be the two folders train and test. Errors: an image of another size; a
/// class only in test.
Examples read_image_folder(const std::string& path);

}  // namespace couplet
