// HDF5 in the few words that Couplet needs: datasets are tensors, attributes are JSON values.
#pragma once
#include <functional>
#include <memory>

#include "io/array.h"

namespace couplet::h5 {

/// An open HDF5 file; closes itself. Names are paths ("blocks/0/weights/var"); "" or "/" is the
/// root. Links that are not plain names within the file (soft, external), datasets whose numbers
/// lie in other files, and filters that would have to be loaded are not followed. Errors:
/// couplet::Error with file and dataset; sizes that the file's own size does not allow, before room
/// is taken.
class File {
 public:
  /// For reading. Files of the older format, which has no checksums, are walked through in a child
  /// process first: the library crashes on some that are damaged.
  static File open(const std::string& path);
  static File create(const std::string& path);  ///< anew, over what was there
  static File modify(const std::string& path);  ///< for reading and writing

  const std::string& path() const { return path_; }
  int64_t size() const;  ///< in bytes
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
  /// The same, its rows read when they are asked for; a single number counts as one row.
  Array array(const std::string& name) const;
  /// f(rows) over a dataset in order, some 64 MB of rows (n, …) at a time, and no more of it in
  /// memory.
  void for_rows(const std::string& name, const std::function<void(const Tensor& rows)>& f) const;
  void write(const std::string& name, const Tensor& value);
  /// Room for a dataset that is filled later, contiguous, at its final place in the file.
  void reserve(const std::string& name, at::ScalarType type, const std::vector<int64_t>& sizes);
  /// Where a dataset that lies in the file as in memory begins there, in bytes; -1 for others.
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

/// Whether a file is HDF5 of the newer format, as all of ours are, which keeps checksums of what it
/// says of its data.
bool has_checksums(const std::string& path);

/// Lets go of the memory that pages of a mapped tensor (File::map), or of a part of one, take up;
/// they are read again when they are next needed. Other tensors are left alone.
void release_pages(const Tensor& mapped);

}  // namespace couplet::h5
