// IDX, the format of MNIST and its kin: big-endian sizes, then bytes.
#pragma once
#include "formats/examples.h"

namespace couplet {

/// The array of an IDX file of bytes; gzip is unpacked into memory. Errors: of another type,
/// damaged, data of another size than its sizes tell.
Array open_idx(const std::string& path);

bool is_idx(const std::string& path);
Examples read_idx_examples(const std::string& path);

/// A folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and the same of t10k, .gz or not.
bool is_idx_folder(const std::string& path);
Examples read_idx_folder(const std::string& path);

}  // namespace couplet
