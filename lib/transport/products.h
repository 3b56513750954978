// The inner products of two sets of points, a block of rows at a time.
#pragma once
#include <functional>

#include "base/types.h"

namespace couplet {

/// M = x y^T of points x (n, d) and y (m, d). Kept where it fits into `memory` bytes; else each
/// block is computed when its turn comes, and no n x m matrix ever exists.
class Products {
 public:
  Products(const Tensor& x, const Tensor& y, int64_t memory);

  /// f(share, begin, block) for all rows: block (rows, m) is M from row begin on, to be read only.
  /// On a CPU the shares are runs of rows, side by side on the threads; blocks within one share
  /// come in order. So what a share adds up does not depend on the clock.
  void each(const std::function<void(int64_t share, int64_t begin, const Tensor& block)>& f) const;
  int64_t shares() const { return shares_; }
  bool kept() const { return M_.defined(); }

 private:
  Tensor x_, y_, M_;
  int64_t shares_, rows_;
};

}  // namespace couplet
