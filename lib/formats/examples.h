// Examples as foreign files hold them, and the table of the formats that are read.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "io/array.h"
#include "io/scaling.h"

namespace couplet {

struct Examples {
  Array x;                           ///< (M, *shape) uint8 or float; images are (C, H, W)
  Tensor labels;                     ///< (M) int64, or undefined where there are none
  std::vector<std::string> classes;  ///< names of labels 0, 1, … where the format has names
  int64_t train = -1;                ///< rows of the train split, which come first; -1: no split
  std::vector<std::string> files;    ///< what was read
  std::optional<Scaling> scaling;    ///< of x, where the format tells it
  /// As the format tells, or bytes from -1 to 1, or numbers as they are.
  Scaling scaled_by() const { return scaling ? *scaling : x.is_bytes() ? byte_scaling : Scaling(); }
};

struct DataFormat {
  std::string name, help;
  bool (*recognises)(const std::string& path);  ///< by content or by extension; never throws
  Examples (*read)(const std::string& path);
};
const std::vector<DataFormat>& data_formats();

/// A file or a folder of any of the formats; x is read when it is asked for, where the format
/// allows. Errors: none recognises it (lists them); what the reader finds wrong, now or while x is
/// read.
Examples read_examples(const std::string& path);

/// Bytes (M, H, W), (M, H, W, 1) or (M, H, W, 3) as images (M, C, H, W); everything else as it is.
Array as_images(const Array& x);
/// Several arrays of one shape and type, one behind the other.
Array joined(const std::vector<Array>& parts);
/// Hash of what was read: of one file its own, of many that of their hashes and names.
std::string hash_of(const std::vector<std::string>& files);

}  // namespace couplet
