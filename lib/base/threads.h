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

/// Into how many shares a batch falls on a CPU: one a thread if that leaves each of them enough
/// rows, else 1.
int64_t shares(int64_t batch);

/// f(begin, count) for runs that cover the rows of a batch: on a CPU its shares, side by side; on
/// another device all rows at once. For work that treats each row on its own.
void over_shares(int64_t rows, c10::Device device,
                 const std::function<void(int64_t begin, int64_t count)>& f);

/// A run of a list.
struct Part {
  size_t begin = 0, size = 0;
  at::TensorList of(at::TensorList all) const { return all.slice(begin, size); }
};
/// A list of tensors cut into n runs of about as many numbers each; a run may be empty.
std::vector<Part> even_parts(at::TensorList all, int64_t n);

}  // namespace couplet
