#include "formula_weights.h"

#include <hdf5.h>

#include <cmath>

#include "io/hdf5.h"
#include "testing.h"

namespace couplet::testing {

namespace {

/// A dataset of texts.
std::vector<std::string> read_texts(const std::string& path, const std::string& name) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t data = H5Dopen2(file, name.c_str(), H5P_DEFAULT);
  const hid_t type = H5Dget_type(data), space = H5Dget_space(data);
  std::vector<char*> found(static_cast<size_t>(H5Sget_simple_extent_npoints(space)));
  REQUIRE(H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, found.data()) >= 0);
  const std::vector<std::string> texts(found.begin(), found.end());
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, found.data());
  H5Sclose(space), H5Tclose(type), H5Dclose(data), H5Fclose(file);
  return texts;
}

uint64_t splitmix64(uint64_t s) {
  uint64_t z = s + 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace

Tensors formula_weights(const std::string& path) {
  const auto names = read_texts(path, "weights/names");
  const h5::File file = h5::File::open(path);
  const Tensor shapes = file.read("weights/shapes").to(at::kLong);
  const Tensor dims = file.read("weights/ndim").to(at::kLong);
  const Tensor sums = file.read("weights/sum_float64");
  Tensors weights;
  for (size_t j = 0; j < names.size(); ++j) {
    const auto row = static_cast<int64_t>(j);
    const Tensor sizes = shapes[row].slice(0, 0, dims[row].item<int64_t>()).contiguous();
    const at::IntArrayRef shape(sizes.const_data_ptr<int64_t>(), sizes.numel());
    Tensor v = at::empty(shape, at::kDouble);
    for (int64_t k = 0; k < v.numel(); ++k) {
      const uint64_t u = splitmix64((static_cast<uint64_t>(j) << 32) + k) >> 11;
      v.data_ptr<double>()[k] = 2 * std::ldexp(static_cast<double>(u), -53) - 1;
    }
    const std::string& name = names[j];
    const bool norm = name.find("bn") != std::string::npos;
    if (v.dim() == 4 || name.ends_with("fc.weight")) {
      v *= std::sqrt(6.0 / static_cast<double>(v.numel() / v.size(0)));
    } else if (norm && name.ends_with("weight")) {
      v = 1 + 0.2 * v;
    } else if (norm && name.ends_with("bias")) {
      v = 0.2 * v;
    } else if (name.ends_with("running_var")) {
      v = 1 + 0.3 * v;
    } else if (name.ends_with("num_batches_tracked")) {
      v = at::zeros_like(v);
    } else {
      v = 0.1 * v;
    }
    weights[name] = v.to(at::kFloat);
    const double sum = weights[name].to(at::kDouble).sum().item<double>();
    const double expected = sums[row].item<double>();
    if (std::abs(sum - expected) > 1e-6 * (1 + std::abs(expected))) FAIL_CHECK(name);
  }
  return weights;
}

}  // namespace couplet::testing
