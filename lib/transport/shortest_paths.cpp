#include "transport/shortest_paths.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "transport/scans.h"

namespace couplet {

namespace {

constexpr int64_t nobody = -1;

template <class Cost, class Number>
class Search {
 public:
  Search(const Cost* cost, std::vector<Number> v)
      : n_(v.size()), cost_(cost), v_(std::move(v)), column_(n_, nobody), row_(n_, nobody) {}

  void operator()() {
    const std::vector<int64_t> left = reduce_rows();
    for (int64_t j = 0; j < n_; ++j) {
      if (row_[j] == nobody) free_.push_back(j);
    }
    for (const int64_t row : left) augment(row);
  }

  const std::vector<Number>& v() const { return v_; }
  const std::vector<int64_t>& column() const { return column_; }

 private:
  const Cost* costs(int64_t row) const { return cost_ + row * n_; }

  /// Augmenting row reduction: a row takes its best column, at a price that makes its second best
  /// as good; who had the column goes on looking. Returns the rows left without a column.
  std::vector<int64_t> reduce_rows() {
    std::vector<int64_t> looking(n_), left;
    for (int64_t k = 0; k < n_; ++k) looking[k] = n_ - 1 - k;
    // Rows that outbid each other by little may go on for long; paths end that sooner.
    for (int64_t bids = bids_a_row * n_; !looking.empty(); --bids) {
      const int64_t row = looking.back();
      looking.pop_back();
      const auto [least, second, j] = least_two(costs(row), v_.data(), n_);
      const int64_t before = row_[j];
      const Number price = n_ == 1 ? v_[j] : v_[j] - Number(second - least);
      // Of two columns that are equally good one can be had only where it is free.
      if (before != nobody && (bids <= 0 || !(price < v_[j]))) {
        left.push_back(row);
        continue;
      }
      v_[j] = price, row_[j] = row, column_[row] = j;
      if (before != nobody) column_[before] = nobody, looking.push_back(before);
    }
    return left;
  }

  /// Dijkstra's search from a free row to the nearest free column, by c(i, j) - u_i - v_j.
  void augment(int64_t free_row) {
    d_.assign(n_, infinity);
    from_.resize(n_), open_ = v_, reached_.clear();
    int64_t j =
        relax(costs(free_row), open_.data(), Number(0), free_row, d_.data(), from_.data(), n_);
    while (row_[j] != nobody) {
      const int64_t row = row_[j];
      const Number distance = d_[j], h = costs(row)[j] - v_[j] - distance;
      reached_.push_back({j, distance});
      // Columns reached are out of the search: infinitely far from every row.
      d_[j] = infinity, open_[j] = -infinity;
      j = relax(costs(row), open_.data(), h, row, d_.data(), from_.data(), n_);
      if (d_[j] == distance) j = free_at(distance, j);
    }
    std::erase(free_, j);
    // Prices that keep the pairs and the path to j tight.
    for (const auto& [at, distance] : reached_) v_[at] += distance - d_[j];
    // Along the path each row takes the column by which it was reached from the other side.
    for (int64_t row = nobody; row != free_row;) {
      row = row_[j] = from_[j];
      std::swap(j, column_[row]);
    }
  }

  /// A free column at this distance if there is one: among equals the search would try all others.
  int64_t free_at(Number distance, int64_t otherwise) const {
    const auto at = [&](int64_t j) { return d_[j] == distance; };
    const auto found = std::find_if(free_.begin(), free_.end(), at);
    return found == free_.end() ? otherwise : *found;
  }

  static constexpr Number infinity = std::numeric_limits<Number>::infinity();
  static constexpr int64_t bids_a_row = 40;
  struct Reached {
    int64_t column;
    Number distance;
  };

  int64_t n_;
  const Cost* cost_;
  std::vector<Number> v_;
  std::vector<int64_t> column_, row_;  // the column of each row, the row of each column
  std::vector<int64_t> free_;          // columns without a row
  std::vector<Number> d_, open_;       // distances; prices of the columns not reached
  std::vector<std::conditional_t<sizeof(Number) == 4, int32_t, int64_t>> from_;
  std::vector<Reached> reached_;
};

template <class Cost, class Number>
Matching search(const Tensor& cost, const Tensor& v) {
  const Number* prices = v.const_data_ptr<Number>();
  Search<Cost, Number> found(cost.const_data_ptr<Cost>(), {prices, prices + v.numel()});
  found();
  return {at::tensor(found.column()), at::tensor(at::ArrayRef<Number>(found.v()), v.options())};
}

}  // namespace

Matching shortest_paths(const Tensor& given, const Tensor& v) {
  const Tensor cost = given.contiguous(), prices = v.contiguous();
  if (cost.scalar_type() == at::kDouble) return search<double, double>(cost, prices);
  if (v.scalar_type() == at::kDouble) return search<float, double>(cost, prices);
  return search<float, float>(cost, prices);
}

}  // namespace couplet
