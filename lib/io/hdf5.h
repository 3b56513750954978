// HDF5 in the few words that Couplet needs: datasets are tensors, attributes are JSON values.
#pragma once
#include <functional>
#include <memory>

#include "base/types.h"

namespace couplet::h5 {

/// An open HDF5 file; closes itself. Names are paths ("blocks/0/weights/var"); "" or "/" is the
/// root. Errors: couplet::Error with file and dataset.
class File {
 public:
  static File open(const std::string& path);    ///< for reading
  static File create(const std::string& path);  ///< anew, over what was there
  static File modify(const std::string& path);  ///< for reading and writing

  const std::string& path() const { return path_; }
  bool has(const std::string& name) const;
  /// Names of all datasets under a group, sorted, relative to it.
  std::vector<std::string> datasets(const std::string& group = "/") const;
  std::vector<int64_t> sizes(const std::string& name) const;
  at::ScalarType type(const std::string& name) const;

  /// A dataset as a CPU tensor of its own type.
  Tensor read(const std::string& name) const;
  /// The same without reading it: a mapping of the file at the dataset's offset, so that random
  /// rows cost what memory costs. Datasets in chunks are read. The tensor must not be written to.
  Tensor map(const std::string& name) const;
  /// f(rows) over a dataset in order, some 64 MB of rows (n, …) at a time, and no more of it in
  /// memory.
  void for_rows(const std::string& name, const std::function<void(const Tensor& rows)>& f) const;
  void write(const std::string& name, const Tensor& value);
  /// Room for a dataset that is filled later, contiguous, at its final place in the file.
  void reserve(const std::string& name, at::ScalarType type, const std::vector<int64_t>& sizes);
  /// Where a contiguous dataset begins in the file, in bytes; -1 for one in chunks.
  int64_t offset(const std::string& name) const;

  /// Attributes: numbers, booleans, strings; lists and objects are JSON texts. null where there is
  /// none.
  json attribute(const std::string& object, const std::string& name) const;
  json attributes(const std::string& object = "/") const;
  void set_attribute(const std::string& object, const std::string& name, const json& value);

  void close();  ///< throws where the destructor could not

 private:
  struct Handle;
  File(std::string path, std::shared_ptr<Handle> handle);
  std::string path_;
  std::shared_ptr<Handle> file_;
};

/// Lets go of the memory that pages of a mapped tensor (File::map), or of a part of one, take up;
/// they are read again when they are next needed. Other tensors are left alone.
void release_pages(const Tensor& mapped);

}  // namespace couplet::h5
