#include "formats/idx.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

constexpr uint8_t byte_type = 0x08;
constexpr int most_dims = 4;
constexpr size_t longest_head = 4 + 4 * most_dims;

std::string member(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  return std::filesystem::exists(path) ? path : path + ".gz";
}

}  // namespace

Array open_idx(const std::string& path) {
  const uint64_t stored = size_of_file(path);
  const bool packed = is_gzip(path);
  std::string bytes = first_bytes(path, longest_head);
  require(bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0, path,
          ": not an IDX file (its first two bytes are not zero)");
  const int type = static_cast<uint8_t>(bytes[2]), dims = static_cast<uint8_t>(bytes[3]);
  require(type == byte_type, path, ": an IDX file of element type ", type, ", expected 8 (bytes)");
  const size_t head = 4 + 4 * size_t(dims);
  require(dims > 0 && dims <= most_dims, path, ": has ", dims, " dimensions, expected 1 to ",
          most_dims);
  require(bytes.size() >= head, path, ": ends within its sizes (truncated)");
  std::vector<int64_t> sizes;
  for (int i = 0; i < dims; ++i) sizes.push_back(big_endian(bytes, 4 + 4 * i, 4));
  const int64_t expected = bytes_of(sizes, at::kByte);
  if (packed) bytes = read_bytes(path, head + std::max<int64_t>(expected, 0));
  const uint64_t data = (packed ? bytes.size() : stored) - head;
  require(expected >= 0 && data == static_cast<uint64_t>(expected), path, ": holds ", data,
          " bytes of data, expected ", text(expected < 0 ? "more" : text(expected)), " for ",
          at::IntArrayRef(sizes));
  if (!packed) return array_in_file(path, head, sizes, at::kByte);
  Tensor all = at::empty(sizes, at::kByte);
  if (data > 0) std::memcpy(all.mutable_data_ptr(), bytes.data() + head, data);
  return all;
}

bool is_idx(const std::string& path) {
  const std::string head = first_bytes(path, 4);
  return head.size() == 4 && head[0] == 0 && head[1] == 0 && head[2] >= 0x08 && head[2] <= 0x0E &&
         head[3] >= 1 && head[3] <= 4;
}

Examples read_idx_examples(const std::string& path) {
  Examples examples;
  examples.x = as_images(open_idx(path));
  examples.files = {path};
  return examples;
}

bool is_idx_folder(const std::string& path) {
  return std::filesystem::exists(member(path, "train-images-idx3-ubyte"));
}

Examples read_idx_folder(const std::string& path) {
  Examples all;
  std::vector<Array> x;
  std::vector<Tensor> labels;
  for (const char* split : {"train", "t10k"}) {
    const std::string images = member(path, split + std::string("-images-idx3-ubyte"));
    const std::string classes = member(path, split + std::string("-labels-idx1-ubyte"));
    x.push_back(as_images(open_idx(images)));
    const Array label = open_idx(classes);
    require(label.shape().empty() && label.rows() == x.back().rows(), classes, ": has labels of ",
            at::IntArrayRef(label.sizes()), " for ", x.back().rows(), " images");
    require(x.back().shape() == x.front().shape(), images, ": has images of ",
            at::IntArrayRef(x.back().shape()), ", the train split of ",
            at::IntArrayRef(x.front().shape()));
    labels.push_back(label.all().to(at::kLong));
    all.files.insert(all.files.end(), {images, classes});
  }
  all.x = joined(x), all.labels = at::cat(labels), all.train = x.front().rows();
  return all;
}

}  // namespace couplet
