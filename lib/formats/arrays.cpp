#include "formats/arrays.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "formats/bytes.h"
#include "formats/csv.h"
#include "formats/npz.h"
#include "io/hdf5.h"

namespace couplet {

namespace {

// Bytes stay bytes; all other numbers become float.
Examples from_arrays(const Tensors& arrays, const std::string& path) {
  const auto named = [&](const char* ours, const char* adms) {
    const auto found = arrays.find(ours);
    return found == arrays.end() ? arrays.find(adms) : found;
  };
  const auto x = named("x", "arr_0"), label = named("label", "arr_1"), train = arrays.find("train");
  std::string names;
  for (const auto& [name, array] : arrays) names += (names.empty() ? "" : ", ") + name;
  require(x != arrays.end(), path, ": has no array 'x' or 'arr_0' (there are: ", names, ")");
  require(x->second.dim() >= 2, path, ": ", x->first, " has sizes ", x->second.sizes(),
          ", expected (rows, …)");
  Examples examples;
  const bool bytes = x->second.scalar_type() == at::kByte;
  examples.x = bytes ? as_images(x->second) : x->second.to(at::kFloat);
  examples.files = {path};
  if (label != arrays.end()) {
    require(label->second.numel() == examples.x.size(0), path, ": label has sizes ",
            label->second.sizes(), " for ", examples.x.size(0), " rows");
    examples.labels = labels_from(label->second.reshape(-1), path);
  }
  if (train != arrays.end()) {
    require(train->second.numel() == 1, path, ": train has sizes ", train->second.sizes(),
            ", expected one number");
    examples.train = train->second.item<int64_t>();
  }
  return examples;
}

}  // namespace

bool is_hdf5(const std::string& path) { return first_bytes(path, 8) == "\x89HDF\r\n\x1a\n"; }

Examples read_hdf5_examples(const std::string& path) {
  const auto file = h5::File::open(path);
  Tensors arrays;
  for (const char* name : {"x", "label", "train"}) {
    if (file.has(name)) arrays[name] = file.read(name);
  }
  return from_arrays(arrays, path);
}

bool is_npz(const std::string& path) {
  return path.ends_with(".npz") && first_bytes(path, 2) == "PK";
}

Examples read_npz_examples(const std::string& path) { return from_arrays(read_npz(path), path); }

bool is_npy(const std::string& path) { return first_bytes(path, 6) == "\x93NUMPY"; }

Examples read_npy_examples(const std::string& path) {
  return from_arrays({{"x", read_npy(path)}}, path);
}

}  // namespace couplet
