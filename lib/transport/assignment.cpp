#include "transport/assignment.h"

#include <ATen/ATen.h>

#include <limits>

#include "base/error.h"
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

}  // namespace couplet
