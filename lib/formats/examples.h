// Examples as foreign files hold them, and the table of the formats that are read.
#pragma once
#include <string>
#include <vector>

#include "base/types.h"

namespace couplet {

struct Examples {
  Tensor x;                          ///< (M, *shape) uint8 or float; images are (C, H, W)
  Tensor labels;                     ///< (M) int64, or undefined where there are none
  std::vector<std::string> classes;  ///< names of labels 0, 1, … where the format has names
  int64_t train = -1;                ///< rows of the train split, which come first; -1: no split
  std::vector<std::string> files;    ///< what was read
};

struct DataFormat {
  std::string name, help;
  bool (*recognises)(const std::string& path);  ///< by content or by extension; never throws
  Examples (*read)(const std::string& path);
};
const std::vector<DataFormat>& data_formats();

/// Reads a file or a folder of any of the formats. Errors: none recognises it (lists them); what
/// the reader finds wrong.
Examples read_examples(const std::string& path);

/// Bytes (M, H, W), (M, H, W, 1) or (M, H, W, 3) as images (M, C, H, W); everything else as it is.
Tensor as_images(const Tensor& x);
/// Hash of what was read: of one file its own, of many that of their hashes and names.
std::string hash_of(const std::vector<std::string>& files);

}  // namespace couplet
