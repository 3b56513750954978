// numpy's files: one array (npy), or many by name in a zip archive (npz).
#pragma once
#include "base/types.h"

namespace couplet {

/// Arrays by name, stored without compression; numpy.load reads it.
void write_npz(const std::string& path, const Tensors& arrays);
/// Stored or compressed. Errors: not a zip archive, damaged (checksums), an array tensors cannot
/// hold.
Tensors read_npz(const std::string& path);
Tensor read_npy(const std::string& path);

}  // namespace couplet
