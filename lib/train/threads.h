// Work side by side on the threads of a CPU.
#pragma once
#include <functional>
#include <vector>

#include "base/types.h"

namespace couplet {

/// While one lives, work goes side by side on n threads, and an operation of LibTorch has one:
/// threads meet once a call, not in every operation. With n = 1 nothing changes.
class SideBySide {
 public:
  explicit SideBySide(int64_t n);
  ~SideBySide();
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;

  /// f(0) ... f(n - 1) at once. Throws the error of the first that failed, when all have ended.
  void operator()(const std::function<void(int64_t)>& f) const;
  int64_t size() const { return n_; }

 private:
  int64_t n_;
  int before_;
};

/// A run of a list.
struct Part {
  size_t begin = 0, size = 0;
  at::TensorList of(at::TensorList all) const { return all.slice(begin, size); }
};
/// A list of tensors cut into n runs of about as many numbers each; a run may be empty.
std::vector<Part> even_parts(at::TensorList all, int64_t n);

}  // namespace couplet
