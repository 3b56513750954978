// Work side by side on the threads of a CPU.
#pragma once
#include <functional>
#include <limits>
#include <vector>

#include "base/types.h"

namespace couplet {

/// Runs work side by side on n threads of a CPU, which share the threads that LibTorch's operations
/// have otherwise: they meet once a call, not in every operation. n = 1: the work as it is.
class SideBySide {
 public:
  explicit SideBySide(int64_t n) : n_(n) {}

  /// f(0) ... f(n - 1) at once. Throws the error of the first that failed, when all have ended.
  void operator()(const std::function<void(int64_t)>& f) const;
  int64_t size() const { return n_; }

 private:
  int64_t n_;
};

/// While it lives, LibTorch's operations take one thread: how sums are ordered then does not depend
/// on how many there are.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;

 private:
  int before_;
};

/// Into how many shares a batch falls on a CPU: one a thread, fewer where that leaves them too few
/// rows.
int64_t shares(int64_t batch);

/// f(begin, count) for runs that cover the rows of a batch: on a CPU its shares, side by side; on
/// another device all rows at once; in both so few at a time that no more than at_most rows are at
/// work. For work that treats each row on its own.
void over_shares(int64_t rows, c10::Device device,
                 const std::function<void(int64_t begin, int64_t count)>& f,
                 int64_t at_most = std::numeric_limits<int64_t>::max());

/// A run of a batch's rows.
struct Share {
  int64_t begin, count;
  Tensor of(const Tensor& batch) const { return batch.narrow(0, begin, count); }
};
/// f of each share of x's rows, side by side on a CPU, put together; without gradients. f gives a
/// row for each of the share's, of x's sizes.
Tensor by_shares(const Tensor& x, const std::function<Tensor(const Share&)>& f);

/// A run of a list.
struct Part {
  size_t begin = 0, size = 0;
  at::TensorList of(at::TensorList all) const { return all.slice(begin, size); }
};
/// A list of tensors cut into n runs of about as many numbers each; a run may be empty.
std::vector<Part> even_parts(at::TensorList all, int64_t n);

}  // namespace couplet
