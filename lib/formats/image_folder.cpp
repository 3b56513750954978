#include "formats/image_folder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/space.h"
#include "formats/bytes.h"
#include "formats/jpeg.h"
#include "formats/png.h"

namespace couplet {

namespace fs = std::filesystem;

namespace {

bool ends_with_any(const fs::path& file, const std::vector<std::string>& endings) {
  std::string ending = file.extension();
  std::transform(ending.begin(), ending.end(), ending.begin(), ::tolower);
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

bool is_image(const fs::path& file) { return ends_with_any(file, {".png", ".jpg", ".jpeg"}); }

bool is_hidden(const fs::path& file) { return file.filename().string().starts_with("."); }

/// Errors: images that would be left out, deeper in the folder or of other formats.
void require_all_read(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (is_hidden(path)) continue;
    require(!entry.is_directory() || !is_image_folder(path), path.string(),
            ": images that lie deeper than their class are not read; move them into ",
            folder.string());
    require(!ends_with_any(path, {".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"}),
            path.string(), ": images are read as PNG or JPEG; convert it, or move it away");
  }
}

std::vector<fs::path> sorted(const fs::path& folder, bool folders) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool wanted = entry.is_directory() ? folders : !folders && is_image(entry.path());
    if (wanted && !is_hidden(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> names_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const auto& folder : folders) {
    names.push_back(folder.filename());
    require(is_utf8(names.back()), folder.string(), ": names of classes have to be UTF-8");
  }
  return names;
}

/// (C, H, W) bytes.
Tensor read_image(const std::string& path) {
  const Tensor image = is_jpeg(path) ? read_jpeg(path) : read_png(path);
  return image.dim() == 2 ? image.unsqueeze(0) : image.permute({2, 0, 1}).contiguous();
}

/// Images that are decoded when they are asked for. Each must be as the first.
Array images_in(const std::vector<std::string>& files) {
  const std::vector<int64_t> shape = read_image(files[0]).sizes().vec();
  return {std::ssize(files), shape, at::kByte, [files, shape](const Tensor& rows) {
            const Tensor out = at::empty(batch_of(rows.size(0), shape), at::kByte);
            at::parallel_for(0, rows.size(0), 1, [&](int64_t begin, int64_t end) {
              for (int64_t i = begin; i < end; ++i) {
                const std::string& file = files[rows[i].item<int64_t>()];
                const Tensor image = read_image(file);
                require(image.sizes() == shape, file, ": an image of ", image.sizes(),
                        " (channels, height, width), the first of the folder, ", files[0], ", of ",
                        at::IntArrayRef(shape), "; make them alike before");
                out[i].copy_(image);
              }
            });
            return out;
          }};
}

}  // namespace

bool is_image_folder(const std::string& path) {
  if (!fs::is_directory(path)) return false;
  using Options = fs::directory_options;
  std::error_code error;
  fs::recursive_directory_iterator at(
      path, Options::skip_permission_denied | Options::follow_directory_symlink, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (is_image(at->path())) return true;
    if (at.depth() > 3) at.disable_recursion_pending();  // links may go in circles
  }
  return false;
}

Examples read_image_folder(const std::string& path) {
  const bool split = fs::is_directory(path + "/train");
  std::vector<fs::path> parts = {path};
  if (split) {
    parts = {path + "/train", path + "/test"};
    std::vector<fs::path> beside = sorted(path, false);
    for (const auto& folder : sorted(path, true)) {
      if (folder.filename() != "train" && folder.filename() != "test") beside.push_back(folder);
    }
    require(
        beside.empty(), beside.empty() ? "" : beside[0].string(),
        ": lies beside train/ and would not be read; a folder holds train/ and test/, or classes");
  }
  Examples all;
  all.classes = names_of(sorted(parts[0], true));
  std::vector<int64_t> labels;
  const auto add = [&](const std::vector<fs::path>& files, int64_t label) {
    all.files.insert(all.files.end(), files.begin(), files.end());
    labels.insert(labels.end(), files.size(), label);
  };
  for (const fs::path& part : parts) {
    if (!fs::is_directory(part)) continue;  // train without test
    const auto classes = sorted(part, true);
    const auto outside = sorted(part, false);
    require(classes.empty() || outside.empty(), outside.empty() ? "" : outside[0].string(),
            ": an image beside the folders of the classes; put it into one");
    if (classes.empty()) require_all_read(part);
    add(outside, -1);
    for (const auto& folder : classes) {
      const std::string name = folder.filename();
      const auto found = std::find(all.classes.begin(), all.classes.end(), name);
      require(found != all.classes.end(), folder.string(), ": a class that train/ does not have");
      require_all_read(folder);
      const auto files = sorted(folder, false);
      require(!files.empty(), folder.string(), ": a class without PNG or JPEG images; remove it");
      add(files, found - all.classes.begin());
    }
    if (split && part == parts[0]) all.train = std::ssize(all.files);
  }
  require(!all.files.empty(), path, ": no images where they are looked for: PATH/*.png (or .jpg), ",
          "PATH/CLASS/*.png, PATH/train/CLASS/*.png");
  all.x = images_in(all.files);
  if (!all.classes.empty()) all.labels = at::tensor(labels);
  return all;
}

}  // namespace couplet
