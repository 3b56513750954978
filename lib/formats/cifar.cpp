#include "formats/cifar.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

namespace fs = std::filesystem;

constexpr int64_t kImage = 3 * 32 * 32;

/// How a version is laid out: labels a record, of which the last counts; how many classes it has;
/// files; names of classes.
struct Version {
  int64_t labels, classes;
  std::vector<std::string> train;
  std::string test, names;
};
const Version cifar10{1,
                      10,
                      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                       "data_batch_4.bin", "data_batch_5.bin"},
                      "test_batch.bin",
                      "batches.meta.txt"};
const Version cifar100{2, 100, {"train.bin"}, "test.bin", "fine_label_names.txt"};

const Version* version_of(const std::string& path) {
  for (const Version* version : {&cifar10, &cifar100}) {
    if (fs::is_regular_file(path + "/" + version->train[0])) return version;
  }
  return nullptr;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream text(read_bytes(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace

bool is_cifar_folder(const std::string& path) { return version_of(path) != nullptr; }

Examples read_cifar_folder(const std::string& path) {
  const Version& version = *version_of(path);
  const int64_t record = version.labels + kImage;
  Examples all;
  std::vector<Array> x;
  std::vector<Tensor> labels;
  const auto add = [&](const std::string& name) {
    const std::string file = path + "/" + name;
    const auto size = static_cast<int64_t>(size_of_file(file));
    require(size > 0 && size % record == 0, file, ": has ", size,
            " bytes, which are no whole records of ", record);
    const Array rows = array_in_file(file, 0, {size / record, record}, at::kByte);
    rows.for_rows([&](int64_t, const Tensor& part) {
      labels.push_back(part.select(1, version.labels - 1).to(at::kLong));
    });
    x.push_back(rows.mapped({3, 32, 32}, at::kByte, [first = version.labels](const Tensor& part) {
      return part.slice(1, first).reshape({-1, 3, 32, 32});
    }));
    all.files.push_back(file);
    return size / record;
  };
  all.train = 0;
  for (const std::string& name : version.train) all.train += add(name);
  add(version.test);
  all.x = joined(x), all.labels = at::cat(labels);
  const std::string names = path + "/" + version.names;
  if (fs::exists(names)) all.classes = lines_of(names), all.files.push_back(names);
  const int64_t last = all.labels.max().item<int64_t>();
  require(last < version.classes, path, ": an image has label ", last, ", of ", version.classes,
          " classes; is it damaged?");
  require(all.classes.empty() || last < std::ssize(all.classes), names, ": has ",
          all.classes.size(), " classes, the images have label ", last);
  return all;
}

}  // namespace couplet
