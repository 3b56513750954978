// The only include of Catch2 in the tests: LibTorch first, since both define CHECK.
#pragma once
#include <ATen/ATen.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/types.h"
#include "io/hdf5.h"

#undef CHECK
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
inline auto contains(const std::string& words) { return Catch::Matchers::ContainsSubstring(words); }
#else
#include <catch2/catch.hpp>
inline auto contains(const std::string& words) { return Catch::Contains(words); }
#endif

namespace couplet::testing {

/// Largest |a - b|.
inline double distance(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

/// Files of reference numbers, sorted: those of tests/reference, or of the folder that
/// COUPLET_GOLDEN names. folder: "networks", "numerics", …; only names that begin with prefix and
/// end in ending.
std::vector<std::string> golden_files(const std::string& folder, const std::string& prefix,
                                      const std::string& ending = ".h5");

/// Whether result is within the file's own tolerance of outputs/name (of reference64/name if
/// there). Reports both numbers through Catch2.
void check_golden(const h5::File& file, const std::string& name, const Tensor& result);

/// Loads every tensor of the file's weights/ into a module by name; fails where a name or shape is
/// not met.
Tensors golden_weights(const h5::File& file);

/// The devices that are there: cpu, and cuda where it is.
std::vector<c10::Device> devices();

/// The operations of work() that read numbers out of tensors or make shapes out of them: on a GPU
/// each waits for the device. Empty for networks, losses and solver steps; checked on any machine.
/// (LibTorch's meta device would find more, but has no convolution, layer norm or where() in C++.)
std::set<std::string> host_reads(const std::function<void()>& work);

}  // namespace couplet::testing
