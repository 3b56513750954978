#include "transport/assignment.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "transport/auction.h"
#include "transport/shortest_paths.h"

namespace couplet {

namespace {

/// Largest minus smallest cost, of costs that can be reckoned with.
double spread(const Tensor& cost) {
  require(cost.dim() == 2 && cost.size(0) == cost.size(1), "assignment: the cost is of shape ",
          cost.sizes(), ", not square: there have to be as many rows as columns");
  const bool single = cost.scalar_type() == at::kFloat;
  require(single || cost.scalar_type() == at::kDouble, "assignment: the cost is of type ",
          cost.scalar_type(), ", not float or double");
  if (cost.numel() == 0) return 0;
  const auto [least, most] = at::aminmax(cost);
  const Tensor ends = at::stack({least, most}).to(at::kDouble);
  // Prices and distances are sums of up to two costs a row.
  const double limit =
      single ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  require(ends.abs().max().item<double>() < limit / (4.0 * cost.size(0)),
          "assignment: a cost is infinite, not a number or too large to be added up");
  return (ends[1] - ends[0]).item<double>();
}

/// The sum over the pairs, and how far it lies above the dual's value: for any prices v no
/// permutation costs less than sum_j v_j + sum_i min_j (c_ij - v_j).
Assignment proven(const Tensor& cost, const Matching& found) {
  if (cost.numel() == 0) return {found.column, 0, 0};
  constexpr int64_t numbers_at_once = int64_t{1} << 18;
  const Tensor v = found.v.to(at::kDouble);
  Tensor bound = v.sum();
  for (const Tensor& rows : cost.split(std::max<int64_t>(1, numbers_at_once / cost.size(0))))
    bound += (rows - v).amin(1).sum();
  const Tensor sum = cost.gather(1, found.column.unsqueeze(1)).sum(at::kDouble);
  return {found.column, sum.item<double>(), (sum - bound).clamp_min(0).item<double>()};
}

/// Whose label is this one.
Tensor of_label(const Tensor& labels, const Tensor& label) {
  return (labels == label).nonzero().squeeze(1);
}

}  // namespace

Assignment assign(const Tensor& cost) {
  if (!cost.is_cpu()) return auction(cost);
  spread(cost);
  if (cost.numel() == 0) return proven(cost, bidding(cost, 0));
  // Prices found in float are twice as cheap, and leave little to do to be exact in double.
  Matching found = shortest_paths(cost, cost.amin(0));
  if (cost.scalar_type() == at::kFloat) found = shortest_paths(cost, found.v.to(at::kDouble));
  return proven(cost, found);
}

Assignment auction(const Tensor& cost) { return proven(cost, bidding(cost, spread(cost))); }

Assignment assign_within(const Tensor& cost, const Tensor& row_label, const Tensor& column_label) {
  spread(cost);
  const int64_t n = cost.size(0);
  require(row_label.sizes() == at::IntArrayRef(n) && column_label.sizes() == at::IntArrayRef(n),
          "assignment: ", n, " rows and columns, but labels of shapes ", row_label.sizes(), " and ",
          column_label.sizes());
  const Tensor labels = std::get<0>(at::_unique2(at::cat({row_label, column_label})));
  const int64_t blocks = labels.size(0);
  std::vector<Assignment> found(blocks);
  std::vector<Tensor> rows(blocks), columns(blocks);
  const auto solve = [&](int64_t k) {
    rows[k] = of_label(row_label, labels[k]), columns[k] = of_label(column_label, labels[k]);
    require(rows[k].numel() == columns[k].numel(), "assignment: label ", labels[k].item<int64_t>(),
            " has ", rows[k].numel(), " rows, but ", columns[k].numel(), " columns");
    found[k] = assign(cost.index_select(0, rows[k]).index_select(1, columns[k]));
  };
  // Side by side on a CPU: each thread takes every so many-th label.
  const SideBySide threads(cost.is_cpu() ? std::clamp<int64_t>(blocks, 1, at::get_num_threads())
                                         : 1);
  threads([&](int64_t i) {
    for (int64_t k = i; k < blocks; k += threads.size()) solve(k);
  });
  Assignment all{at::empty_like(row_label, at::kLong), 0, 0};
  for (int64_t k = 0; k < blocks; ++k) {
    all.column.index_put_({rows[k]}, columns[k].index_select(0, found[k].column));
    all.cost += found[k].cost, all.gap += found[k].gap;
  }
  return all;
}

}  // namespace couplet
