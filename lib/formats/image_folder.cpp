#include "formats/image_folder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "formats/jpeg.h"
#include "formats/png.h"

namespace couplet {

namespace fs = std::filesystem;

namespace {

bool is_image(const fs::path& file) {
  const fs::path ending = file.extension();
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".JPEG";
}

std::vector<fs::path> sorted(const fs::path& folder, bool folders) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool hidden = entry.path().filename().string().starts_with(".");
    const bool wanted = folders ? entry.is_directory() : is_image(entry.path());
    if (wanted && !hidden) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> names_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const auto& folder : folders) names.push_back(folder.filename());
  return names;
}

struct Pictures {
  std::vector<Tensor> x;
  std::vector<int64_t> labels;

  void add(const fs::path& path, int64_t label) {
    const Tensor image = is_jpeg(path) ? read_jpeg(path) : read_png(path);
    x.push_back(image.dim() == 2 ? image.unsqueeze(0) : image.permute({2, 0, 1}));
    labels.push_back(label);
    require(x.back().sizes() == x.front().sizes(), path.string(), ": an image of ",
            x.back().sizes(), " (channels, height, width), those before of ", x.front().sizes());
  }
};

}  // namespace

bool is_image_folder(const std::string& path) {
  if (!fs::is_directory(path)) return false;
  const auto found =
      fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied);
  return std::any_of(begin(found), end(found),
                     [](const auto& entry) { return is_image(entry.path()); });
}

Examples read_image_folder(const std::string& path) {
  const bool split = fs::is_directory(path + "/train");
  std::vector<fs::path> parts = {path};
  if (split) parts = {path + "/train", path + "/test"};
  Examples all;
  all.classes = names_of(sorted(parts[0], true));
  Pictures pictures;
  for (const fs::path& part : parts) {
    if (!fs::is_directory(part)) continue;  // train without test
    const auto classes = sorted(part, true);
    if (classes.empty()) {
      for (const auto& file : sorted(part, false))
        pictures.add(file, -1), all.files.push_back(file);
    }
    for (const auto& folder : classes) {
      const std::string name = folder.filename();
      const auto found = std::find(all.classes.begin(), all.classes.end(), name);
      require(found != all.classes.end(), folder.string(), ": a class that train/ does not have");
      for (const auto& file : sorted(folder, false)) {
        pictures.add(file, found - all.classes.begin());
        all.files.push_back(file);
      }
    }
    if (split && part == parts[0]) all.train = static_cast<int64_t>(pictures.x.size());
  }
  require(!pictures.x.empty(), path,
          ": no images where they are looked for: PATH/*.png (or .jpg), ",
          "PATH/CLASS/*.png, PATH/train/CLASS/*.png");
  all.x = at::stack(pictures.x);
  if (!all.classes.empty()) all.labels = at::tensor(pictures.labels);
  return all;
}

}  // namespace couplet
