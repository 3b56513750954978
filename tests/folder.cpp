#include "folder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "data/dataset.h"

namespace couplet::testing {

namespace fs = std::filesystem;

Folder::Folder() : path_(fs::temp_directory_path() / "couplet-XXXXXX") {
  require(::mkdtemp(path_.data()) != nullptr, path_, ": cannot be made");
}

Folder::~Folder() { fs::remove_all(path_); }

std::vector<std::string> Folder::names() const {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(path_)) all.push_back(entry.path().filename());
  std::sort(all.begin(), all.end());
  return all;
}

Run run_to(const std::string& output, uint64_t seed) {
  fs::create_directories(output + ".partial");
  Run run;
  run.tool = "test", run.output = output;
  run.seed = static_cast<int64_t>(seed), run.random = Random(seed);
  return run;
}

std::string read_bytes(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void write_images(const std::string& path) {
  DatasetContents contents;
  contents.x = at::arange(11 * 6, at::TensorOptions(at::kByte)).view({11, 1, 2, 3});
  contents.labels = row_range(0, 11).remainder(3);
  contents.classes = 3, contents.train = 9;
  contents.scaling = {{1.0 / 64}, {-1}};
  contents.facts = {{"data", "images"}, {"storage", "u8"}};
  write_dataset(run_to(path), contents);
}

}  // namespace couplet::testing
