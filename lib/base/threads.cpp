#include "base/threads.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <exception>
#include <latch>
#include <vector>

namespace couplet {

void SideBySide::operator()(const std::function<void(int64_t)>& f) const {
  if (n_ == 1) return f(0);
  const int before = at::get_num_threads(), each = std::max<int>(1, before / n_);
  std::vector<std::exception_ptr> errors(n_);
  const auto work = [&](int64_t i) {
    at::get_num_threads();      // a thread's first call takes what any thread has set last
    at::set_num_threads(each);  // OpenMP keeps this number by thread
    try {
      f(i);
    } catch (...) {
      errors[i] = std::current_exception();
    }
  };
  std::latch others(n_ - 1);
  for (int64_t i = 1; i < n_; ++i) {
    at::launch([&, i] {
      work(i);
      others.count_down();
    });
  }
  work(0);
  others.wait();
  at::set_num_threads(before);
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

OneThread::OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
OneThread::~OneThread() { at::set_num_threads(before_); }

int64_t shares(int64_t batch) {
  constexpr int64_t enough = 16;
  return std::clamp<int64_t>(batch / enough, 1, at::get_num_threads());
}

void over_shares(int64_t rows, c10::Device device,
                 const std::function<void(int64_t begin, int64_t count)>& f, int64_t at_most) {
  const int64_t n = device.is_cpu() ? shares(rows) : 1, most = std::max<int64_t>(1, at_most / n);
  const SideBySide threads(n);
  threads([&](int64_t i) {
    const int64_t begin = i * rows / n, end = (i + 1) * rows / n;
    for (int64_t at = begin; at == begin || at < end; at += most) f(at, std::min(most, end - at));
  });
}

Tensor by_shares(const Tensor& x, const std::function<Tensor(const Share&)>& f) {
  const at::NoGradGuard no_grad;  // views of one tensor are written by several threads
  const Tensor out = at::empty_like(x);
  over_shares(x.size(0), x.device(), [&](int64_t begin, int64_t count) {
    const Share share{begin, count};
    share.of(out).copy_(f(share));
  });
  return out;
}

std::vector<Part> even_parts(at::TensorList all, int64_t n) {
  int64_t total = 0, seen = 0;
  for (const Tensor& tensor : all) total += tensor.numel();
  std::vector<Part> parts;
  size_t begin = 0, end = 0;
  for (int64_t i = 1; i <= n; ++i, begin = end) {
    // A tensor belongs to the part in which its middle lies.
    while (end < all.size() && (i == n || n * (seen + all[end].numel() / 2) < i * total)) {
      seen += all[end++].numel();
    }
    parts.push_back({begin, end - begin});
  }
  return parts;
}

}  // namespace couplet
