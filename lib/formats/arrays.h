// Examples in files of named arrays: foreign HDF5, npz, npy.
#pragma once
#include "formats/examples.h"

namespace couplet {

/// Of an archive the arrays x (M, *shape), and perhaps label (M), train (how many rows come first
/// for training), scale and shift are read; or ADM's names arr_0 (M, H, W, C) and arr_1. Errors: no
/// x; sizes that do not go together; a scale that is not positive.
bool is_hdf5(const std::string& path);
Examples read_hdf5_examples(const std::string& path);

bool is_npz(const std::string& path);
Examples read_npz_examples(const std::string& path);

bool is_npy(const std::string& path);
Examples read_npy_examples(const std::string& path);

}  // namespace couplet
