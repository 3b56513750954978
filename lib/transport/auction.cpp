#include "transport/auction.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace couplet {

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr int64_t numbers_at_once = int64_t{1} << 24, rounds_a_look = 8;

struct Auction {
  Tensor cost;         // (n, n)
  Tensor v;            // (n) double: prices, which only fall
  Tensor column, row;  // (n + 1) int64, n for none: who has what; their last entry is nobody's

  /// All columns are on offer again, at the prices that they have.
  void open() {
    const int64_t n = cost.size(0);
    column = at::full({n + 1}, n, v.options().dtype(at::kLong));
    row = column.clone();
  }

  /// `bidders` rows without a column bid at once, and each column goes to the best bid.
  void round(int64_t bidders, double epsilon) {
    const int64_t n = cost.size(0);
    // Who has none comes first; who has one by now does not bid.
    const Tensor has = column.slice(0, 0, n) < n, i = has.argsort(true, 0).slice(0, 0, bidders);
    // As much as the best column is better than the second best, and epsilon more.
    const auto [two, where] = (cost.index_select(0, i) - v).topk(2, 1, false);
    const Tensor j = where.select(1, 0), margin = two.select(1, 1) - two.select(1, 0);
    const Tensor price =
        (v.index_select(0, j) - margin - epsilon).masked_fill(has.index_select(0, i), inf);
    const Tensor best = at::full_like(v, inf).scatter_reduce(0, j, price, "amin");
    // Of equal bids the first row's counts.
    const Tensor loses = (price > best.index_select(0, j)).logical_or(price == inf);
    const Tensor winner =
        at::full_like(row, n).scatter_reduce(0, j, i.masked_fill(loses, n), "amin");
    // Columns change hands: who had one has none.
    const Tensor sold = winner < n;
    column.scatter_(0, at::where(sold, row, n), n);
    column.scatter_(0, winner, at::arange(n + 1, winner.options()));
    row = at::where(sold, winner, row);
    v = at::where(sold.slice(0, 0, n), best, v);
  }

  /// Until every row has a column. One number is read every few rounds.
  void run(double epsilon) {
    const int64_t n = cost.size(0);
    open();
    // The rows without a column only grow fewer: what was read last is enough bidders.
    for (int64_t looking = n; looking > 0;) {
      const int64_t bidders = std::min(looking, std::max<int64_t>(1, numbers_at_once / n));
      for (int64_t k = 0; k < rounds_a_look; ++k) round(bidders, epsilon);
      looking = (column.slice(0, 0, n) == n).sum().item<int64_t>();
    }
  }
};

}  // namespace

Matching bidding(const Tensor& cost, double spread) {
  const int64_t n = cost.size(0);
  const auto numbers = cost.options().dtype(at::kDouble);
  // Where all costs are equal, so are all permutations, and bids would go up for nothing.
  if (n < 2 || spread == 0)
    return {at::arange(n, numbers.dtype(at::kLong)), at::zeros({n}, numbers)};
  Auction auction{cost, at::zeros({n}, numbers)};
  // From coarse to fine: the prices of one auction spare the next most of its bids.
  const double finest = 1e-7 * spread;
  for (double epsilon = spread / 4; epsilon > finest; epsilon /= 5) auction.run(epsilon);
  auction.run(finest);
  return {auction.column.slice(0, 0, n).clone(), auction.v};
}

}  // namespace couplet
