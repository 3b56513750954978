// Folders of images.
#pragma once
#include "formats/examples.h"

namespace couplet {

bool is_image_folder(const std::string& path);
/// All PNG and JPEG files under a folder, sorted by name, (M, C, H, W) bytes; other files and
/// hidden ones are passed over. Subfolders are classes; above them there may be the two folders
/// train and test. Errors: a class without images, or only in test; while x is read, an image that
/// is damaged or of other channels, height or width than the first.
Examples read_image_folder(const std::string& path);

}  // namespace couplet
