// Arrays whose rows are read when they are asked for.
#pragma once
#include <functional>

#include "base/types.h"

namespace couplet {

/// An array (rows, *shape): a tensor, a part of a file, or images of a folder, and what is done to
/// its rows as they are read. What it comes from must stay as it is.
class Array {
 public:
  /// Rows (n) int64 -> (n, *shape), on the CPU unless something done to them moves them.
  using Take = std::function<Tensor(const Tensor& rows)>;

  Array() = default;
  Array(const Tensor& all);  // not explicit: a tensor is an array
  Array(int64_t rows, std::vector<int64_t> shape, at::ScalarType type, Take take);

  bool defined() const { return take_ != nullptr; }
  int64_t rows() const { return rows_; }
  const std::vector<int64_t>& shape() const { return shape_; }  ///< of one row
  std::vector<int64_t> sizes() const;
  at::ScalarType type() const { return type_; }
  bool is_bytes() const { return type_ == at::kByte; }

  Tensor take(const Tensor& rows) const { return take_(rows); }
  Tensor slice(int64_t begin, int64_t end) const;
  Tensor all() const { return slice(0, rows_); }

  /// The same rows with f done to them, some at a time: (n, *shape) -> (n, *new shape).
  Array mapped(std::vector<int64_t> shape, at::ScalarType type,
               std::function<Tensor(const Tensor& rows)> f) const;
  /// The rows that are named (M) int64, in that order.
  Array selected(const Tensor& rows) const;

  /// f(first row, rows) over the rows from one on, in order, some 16 MB of them at a time.
  void for_rows(const std::function<void(int64_t begin, const Tensor& rows)>& f,
                int64_t from = 0) const;

 private:
  int64_t rows_ = 0;
  std::vector<int64_t> shape_;
  at::ScalarType type_ = at::kFloat;
  Take take_;
};

/// Arrays by name.
using Arrays = std::map<std::string, Array>;

/// Numbers that lie in a file as in memory, row after row from an offset in bytes. sizes: at least
/// one. Errors: the file ends before them.
Array array_in_file(const std::string& path, uint64_t offset, const std::vector<int64_t>& sizes,
                    at::ScalarType type);

/// Bytes that sizes of a type come to, -1 where they are negative or more than a program could
/// hold: to be compared with what a file can hold before any room is taken.
int64_t bytes_of(at::IntArrayRef sizes, at::ScalarType type);

}  // namespace couplet
