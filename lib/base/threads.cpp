#include "base/threads.h"

#include <ATen/Parallel.h>

#include <exception>
#include <latch>
#include <vector>

namespace couplet {

SideBySide::SideBySide(int64_t n) : n_(n), before_(at::get_num_threads()) {
  if (n > 1) at::set_num_threads(1);
}

SideBySide::~SideBySide() {
  if (n_ > 1) at::set_num_threads(before_);
}

void SideBySide::operator()(const std::function<void(int64_t)>& f) const {
  std::vector<std::exception_ptr> errors(n_);
  const auto work = [&](int64_t i) {
    if (n_ > 1) at::set_num_threads(1);  // OpenMP keeps this number by thread
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
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

int64_t shares(int64_t batch) {
  constexpr int64_t enough = 16;
  const int64_t threads = at::get_num_threads();
  return threads * enough <= batch ? threads : 1;
}

void over_shares(int64_t rows, c10::Device device,
                 const std::function<void(int64_t begin, int64_t count)>& f) {
  const SideBySide threads(device.is_cpu() ? shares(rows) : 1);
  threads([&](int64_t i) {
    const int64_t begin = i * rows / threads.size(), end = (i + 1) * rows / threads.size();
    f(begin, end - begin);
  });
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
