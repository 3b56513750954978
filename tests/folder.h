// Places to write in, and small files, for tests of what is written and read.
#pragma once
#include <string>

#include "io/run.h"

namespace couplet::testing {

/// An empty folder of its own, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  /// The path of a name in it.
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Names of the files in it, sorted.
  std::vector<std::string> names() const;

 private:
  std::string path_;
};

/// A run that writes output, its partial folder made.
Run run_to(const std::string& output, uint64_t seed = 1);

std::string read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::string& bytes);

/// Eleven labelled images (1, 2, 3) of three classes, the last two of them the test split, as bytes
/// u with x = u / 64 - 1. No two rows are alike, nor any row and a mirrored one.
void write_images(const std::string& path);

}  // namespace couplet::testing
