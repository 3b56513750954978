#include "formats/examples.h"

#include <ATen/ATen.h>

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/space.h"
#include "formats/arrays.h"
#include "formats/cifar.h"
#include "formats/csv.h"
#include "formats/idx.h"
#include "formats/image_folder.h"
#include "io/artifact.h"

namespace couplet {

const std::vector<DataFormat>& data_formats() {
  static const std::vector<DataFormat> table = {
      {"idx-folder", "a folder with MNIST's four files, gzip or plain", is_idx_folder,
       read_idx_folder},
      {"idx", "one IDX file of bytes, gzip or plain", is_idx, read_idx_examples},
      {"cifar", "the folder of CIFAR-10's or CIFAR-100's binary version", is_cifar_folder,
       read_cifar_folder},
      {"image-folder",
       "PNG or JPEG images of one size; subfolders are classes, train/ and test/ splits",
       is_image_folder, read_image_folder},
      {"hdf5", "any HDF5 file with x and perhaps label", is_hdf5, read_hdf5_examples},
      {"npz", "numpy's archive with x (or arr_0) and perhaps label (or arr_1)", is_npz,
       read_npz_examples},
      {"npy", "one array of numpy", is_npy, read_npy_examples},
      {"csv", ".csv or .csv.gz: one example a line, perhaps a header", is_csv, read_csv_examples},
  };
  return table;
}

Examples read_examples(const std::string& path) {
  require(::access(path.c_str(), F_OK) == 0, path, ": there is no such file or folder");
  require(::access(path.c_str(), R_OK) == 0, path, ": cannot be read: ", std::strerror(errno));
  std::string all;
  for (const auto& format : data_formats()) {
    if (format.recognises(path)) {
      const Examples examples = format.read(path);
      const bool some = examples.x.rows() > 0 && Space{examples.x.shape()}.dims() > 0;
      require(some, path, ": holds no examples");
      return examples;
    }
    all += (all.empty() ? "" : "; ") + format.name + ": " + format.help;
  }
  fail(path, ": not of a format that is read (", all, ")");
}

Array as_images(const Array& x) {
  if (!x.is_bytes()) return x;
  const auto& shape = x.shape();
  const auto add_channel = [](const Tensor& rows) { return rows.unsqueeze(1); };
  if (shape.size() == 2) return x.mapped({1, shape[0], shape[1]}, at::kByte, add_channel);
  const auto channels = [&](size_t dim) { return shape[dim] == 1 || shape[dim] == 3; };
  if (shape.size() != 3 || channels(0) || !channels(2)) return x;
  return x.mapped({shape[2], shape[0], shape[1]}, at::kByte, [](const Tensor& rows) {
    return rows.permute({0, 3, 1, 2}).contiguous();
  });
}

Array joined(const std::vector<Array>& parts) {
  int64_t rows = 0;
  for (const Array& part : parts) rows += part.rows();
  const Array& first = parts.front();
  return {rows, first.shape(), first.type(), [parts](const Tensor& asked) {
            const Array& like = parts.front();
            const Tensor out = at::empty(batch_of(asked.size(0), like.shape()), like.type());
            int64_t begin = 0;
            for (const Array& part : parts) {
              const Tensor number = asked - begin;
              const Tensor here = number.ge(0).logical_and(number.lt(part.rows())).nonzero();
              const Tensor place = here.squeeze(1);
              if (place.size(0) > 0)
                out.index_copy_(0, place, part.take(number.index_select(0, place)));
              begin += part.rows();
            }
            return out;
          }};
}

std::string hash_of(const std::vector<std::string>& files) {
  if (files.size() == 1) return hash_file(files[0]);
  std::string all;
  for (const auto& path : files) {
    all += hash_file(path) + "  " + std::filesystem::path(path).filename().string() + "\n";
  }
  return hash_bytes(all.data(), all.size());
}

}  // namespace couplet
