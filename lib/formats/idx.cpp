#include "formats/idx.h"

#include <ATen/ATen.h>

#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

constexpr uint8_t byte_type = 0x08;

std::string member(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  return std::filesystem::exists(path) ? path : path + ".gz";
}

}  // namespace

Tensor read_idx(const std::string& path) {
  const std::string bytes = read_bytes(path);
  require(bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0, path,
          ": not an IDX file (its first two bytes are not zero)");
  const int type = static_cast<uint8_t>(bytes[2]), dims = static_cast<uint8_t>(bytes[3]);
  require(type == byte_type, path, ": an IDX file of element type ", type, ", expected 8 (bytes)");
  const size_t head = 4 + 4 * size_t(dims);
  require(dims > 0 && bytes.size() >= head, path, ": ends within its sizes (truncated)");
  std::vector<int64_t> sizes;
  for (int i = 0; i < dims; ++i) sizes.push_back(big_endian(bytes, 4 + 4 * i, 4));
  const auto expected = static_cast<size_t>(c10::multiply_integers(sizes));
  require(bytes.size() - head == expected, path, ": holds ", bytes.size() - head,
          " bytes of data, expected ", expected, " for ", at::IntArrayRef(sizes));
  Tensor out = at::empty(sizes, at::kByte);
  std::memcpy(out.mutable_data_ptr(), bytes.data() + head, expected);
  return out;
}

bool is_idx(const std::string& path) {
  const std::string head = first_bytes(path, 4);
  return head.size() == 4 && head[0] == 0 && head[1] == 0 && head[2] >= 0x08 && head[2] <= 0x0E &&
         head[3] >= 1 && head[3] <= 4;
}

Examples read_idx_examples(const std::string& path) {
  Examples examples;
  examples.x = as_images(read_idx(path));
  examples.files = {path};
  return examples;
}

bool is_idx_folder(const std::string& path) {
  return std::filesystem::exists(member(path, "train-images-idx3-ubyte"));
}

Examples read_idx_folder(const std::string& path) {
  Examples all;
  std::vector<Tensor> x, labels;
  for (const char* split : {"train", "t10k"}) {
    const std::string images = member(path, split + std::string("-images-idx3-ubyte"));
    const std::string classes = member(path, split + std::string("-labels-idx1-ubyte"));
    x.push_back(as_images(read_idx(images)));
    labels.push_back(read_idx(classes).to(at::kLong));
    require(labels.back().dim() == 1 && labels.back().size(0) == x.back().size(0), classes,
            ": has labels of ", labels.back().sizes(), " for ", x.back().size(0), " images");
    require(x.back().sizes().slice(1) == x.front().sizes().slice(1), images, ": has images of ",
            x.back().sizes().slice(1), ", the train split of ", x.front().sizes().slice(1));
    all.files.insert(all.files.end(), {images, classes});
  }
  all.x = at::cat(x), all.labels = at::cat(labels), all.train = x.front().size(0);
  return all;
}

}  // namespace couplet
