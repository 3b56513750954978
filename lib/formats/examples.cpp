#include "formats/examples.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "base/error.h"
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
  require(std::filesystem::exists(path), path, ": there is no such file or folder");
  std::string all;
  for (const auto& format : data_formats()) {
    if (format.recognises(path)) {
      const Examples examples = format.read(path);
      require(examples.x.numel() > 0, path, ": holds no examples");
      return examples;
    }
    all += (all.empty() ? "" : "; ") + format.name + ": " + format.help;
  }
  fail(path, ": not of a format that is read (", all, ")");
}

Tensor as_images(const Tensor& x) {
  if (x.scalar_type() != at::kByte) return x;
  if (x.dim() == 3) return x.unsqueeze(1);
  const auto channels = [&](int64_t dim) { return x.size(dim) == 1 || x.size(dim) == 3; };
  if (x.dim() != 4 || channels(1) || !channels(3)) return x;
  return x.permute({0, 3, 1, 2}).contiguous();
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
