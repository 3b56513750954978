#include "transport/products.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/threads.h"

namespace couplet {

namespace {

// A block's size in bytes: large enough that a product by blocks reads y seldom, small enough that
// a block for each thread is nothing beside the points.
constexpr int64_t block_bytes = int64_t{48} << 20;
constexpr int64_t fewest = 64, most = 512;

}  // namespace

Products::Products(const Tensor& x, const Tensor& y, int64_t memory)
    : x_(x), y_(y), shares_(x.is_cpu() ? couplet::shares(x.size(0)) : 1) {
  const int64_t row_bytes = y.size(0) * x.element_size();
  rows_ = std::clamp(block_bytes / std::max<int64_t>(row_bytes, 1), fewest, most);
  if (x.size(0) <= memory / std::max<int64_t>(row_bytes, 1)) M_ = at::mm(x, y.t());
}

void Products::each(
    const std::function<void(int64_t share, int64_t begin, const Tensor& block)>& f) const {
  const int64_t n = x_.size(0);
  const SideBySide threads(shares_);
  threads([&](int64_t share) {
    const int64_t end = (share + 1) * n / shares_;
    Tensor room;
    for (int64_t begin = share * n / shares_; begin < end; begin += rows_) {
      const int64_t count = std::min(rows_, end - begin);
      if (kept()) {
        f(share, begin, M_.narrow(0, begin, count));
        continue;
      }
      if (!room.defined()) room = at::empty({count, y_.size(0)}, x_.options());
      Tensor block = room.narrow(0, 0, count);
      at::mm_out(block, x_.narrow(0, begin, count), y_.t());
      f(share, begin, block);
    }
  });
}

}  // namespace couplet
