#include "transport/assignment.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "flow/pairings/grouped.h"
#include "testing.h"
#include "transport/cost.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

double sum_of(const Tensor& cost, const Tensor& column) {
  return cost.to(at::kDouble).gather(1, column.unsqueeze(1)).sum().item<double>();
}

void check_permutation(const Tensor& column) {
  CHECK(at::equal(std::get<0>(column.sort()), at::arange(column.size(0))));
}

/// The least sum over all permutations.
double least_of_all(const Tensor& cost) {
  const Tensor numbers = cost.to(at::kDouble);
  const auto c = numbers.accessor<double, 2>();
  std::vector<int64_t> column(cost.size(0));
  std::iota(column.begin(), column.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (size_t i = 0; i < column.size(); ++i) sum += c[i][column[i]];
    least = std::min(least, sum);
  } while (std::next_permutation(column.begin(), column.end()));
  return least;
}

/// A group of reference numbers, with its points.
struct Golden {
  const h5::File& file;
  std::string group, points;

  Tensor operator()(const std::string& name) const { return file.read(group + "/" + name); }
  double number(const std::string& name) const { return (*this)(name).item<double>(); }
  bool has(const std::string& name) const { return file.has(group + "/" + name); }
  Tensor cost(at::ScalarType type, int64_t n) const {
    const auto first = [&](const char* name) {
      return file.read(points + "/" + name).slice(0, 0, n).to(type);
    };
    return squared_distances(first("x"), first("y"));
  }
};

/// Calls check for every assignment among the reference numbers. (Unequal weights are none.)
void each_golden(const std::function<void(const Golden&)>& check) {
  const auto files = golden_files("numerics", "ot");
  REQUIRE(!files.empty());
  for (const auto& path : files) {
    const h5::File file = h5::File::open(path);
    std::set<std::string> groups;
    for (const auto& name : file.datasets("exact")) groups.insert(name.substr(0, name.find('/')));
    for (const auto& name : groups) {
      const std::string group = "exact/" + name;
      if (file.has(group + "/plan")) continue;
      const bool own = file.has(group + "/x");
      INFO(path << ", " << group);
      check({file, group, own ? group : "points/" + name.substr(0, name.find('_'))});
    }
  }
}

/// Within labels: rows and columns of one label are brought to the same places.
void check_within(const Golden& golden, const Tensor& cost) {
  const Tensor x = golden("label_x").argsort(/*stable=*/true), y = golden("label_y").argsort(true);
  const Tensor label = golden("label_x").index_select(0, x);
  const Tensor ordered = cost.index_select(0, x).index_select(1, y);
  const Matched found = match_within(label, /*mixed=*/false, [&](const Tensor& rows) {
    return Matched{assign(ordered.index_select(0, rows).index_select(1, rows)).column};
  });
  const Tensor column = at::empty_like(x).index_copy_(0, x, y.index_select(0, found.row));
  CHECK(at::equal(column, golden("perm")));
  CHECK(at::equal(assign(cost).column, golden("unrestricted_perm")));
}

}  // namespace

TEST_CASE("Assignments are those of POT and SciPy", "[parity][transport]") {
  const auto type = GENERATE(at::kDouble, at::kFloat);
  const double tolerance = type == at::kDouble ? 1e-10 : 1e-5;
  each_golden([&](const Golden& golden) {
    const std::string perm = golden.has("perm") ? "perm" : "one_optimal_perm";
    const int64_t n = golden(perm).numel();
    const Tensor cost = golden.cost(type, n);
    const bool labels = golden.has("label_x");
    if (labels) return check_within(golden, cost);
    const Assignment found = assign(cost);
    check_permutation(found.column);
    CHECK(found.cost / n == Approx(golden.number("cost_mean")).epsilon(tolerance));
    CHECK(found.gap <= 1e-12 * found.cost);
    if (type != at::kDouble) return;
    const bool only_one = golden.has("second_best_gap_sum") &&
                          golden.number("second_best_gap_sum") > 1e-9 * golden.number("cost_sum");
    if (only_one) CHECK(at::equal(found.column, golden("perm")));
    if (golden.has("target_id")) {
      const Tensor id = golden("target_id").index_select(0, found.column);
      CHECK(at::equal(id.slice(0, 4, n - 4), golden("matched_target_id").slice(0, 4, n - 4)));
    }
  });
}

TEST_CASE("The auction comes as near to the references as it says", "[parity][transport]") {
  each_golden([&](const Golden& golden) {
    if (golden.has("label_x")) return;
    const int64_t n = golden(golden.has("perm") ? "perm" : "one_optimal_perm").numel();
    if (n > 64) return;  // a CPU takes long over it
    const Tensor cost = golden.cost(at::kFloat, n);
    const Assignment found = auction(cost);
    const double expected = n * golden.number("cost_mean");
    check_permutation(found.column);
    CHECK(found.cost == Approx(sum_of(cost, found.column)));
    CHECK(found.gap <= 1e-7 * n * (cost.max() - cost.min()).item<double>() * 1.001);
    CHECK(found.cost - expected <= found.gap + 1e-5 * expected);
  });
}

TEST_CASE("No permutation is better, with ties, offsets and any sign", "[transport]") {
  const int64_t n = GENERATE(1, 2, 3, 5, 7);
  const auto type = GENERATE(at::kFloat, at::kDouble);
  at::manual_seed(n);
  for (int64_t k = 0; k < 6; ++k) {
    const auto whole = [&](int64_t from, int64_t to) {
      return at::randint(from, to, {n, n}, type);
    };
    for (const Tensor& cost : {whole(0, 3), whole(-9, 9), 1e4 + at::rand({n, n}, type),
                               -1e6 - at::rand({n, n}, type), at::full({n, n}, 2.5, type)}) {
      const double least = least_of_all(cost), rounding = 1e-14 * (std::abs(least) + 1);
      for (const Assignment& found : {assign(cost), auction(cost)}) {
        check_permutation(found.column);
        CHECK(found.cost == sum_of(cost, found.column));
        CHECK(found.cost >= least - rounding);
        CHECK(found.cost - found.gap <= least + rounding);
      }
      CHECK(assign(cost).cost <= least + rounding);
    }
  }
}

TEST_CASE("Constants of rows and turning the cost change no permutation's order", "[transport]") {
  const int64_t n = GENERATE(16, 33, 100);
  const auto type = GENERATE(at::kFloat, at::kDouble);
  at::manual_seed(n);
  const Tensor cost = at::randint(0, 1000, {n, n}, type),
               offset = at::randint(-500, 500, {n, 1}, type);
  const Assignment plain = assign(cost);
  CHECK(plain.gap == 0);
  CHECK(assign(cost + offset).cost == Approx(plain.cost + offset.sum().item<double>()));
  CHECK(assign(cost.t()).cost == plain.cost);
  const Assignment bought = auction(cost);
  CHECK(bought.cost - bought.gap <= plain.cost);
  CHECK(bought.cost >= plain.cost);
  CHECK(bought.gap <= 1e-7 * n * 1000);
}

TEST_CASE("Points that are the same keep no search from its end", "[transport]") {
  at::manual_seed(3);
  const Tensor y = at::randn({8, 2}).repeat({16, 1}), x = at::randn({128, 2});
  const Tensor same = at::zeros({128, 2});
  for (const Tensor& cost : {squared_distances(x, y), squared_distances(y, x),
                             squared_distances(same, same), squared_distances(y, y)}) {
    const Assignment found = assign(cost), bought = auction(cost);
    check_permutation(found.column), check_permutation(bought.column);
    CHECK(found.gap <= 1e-12 * (1 + found.cost));
    CHECK(bought.cost - bought.gap <= found.cost + 1e-12);
  }
}

TEST_CASE("Squared distances are precise far from the origin", "[transport]") {
  at::manual_seed(1);
  const Tensor x = at::randn({20, 3, 4}), y = at::randn({30, 3, 4});
  const Tensor expected =
      at::cdist(x.flatten(1).to(at::kDouble), y.flatten(1).to(at::kDouble)).square();
  CHECK(distance(squared_distances(x, y), expected) < 1e-4);
  const Tensor far = squared_distances(x.to(at::kDouble) + 1e6, y.to(at::kDouble) + 1e6);
  CHECK(distance(far, expected) < 1e-6);
  CHECK(squared_distances(x, x).min().item<double>() >= 0);
  CHECK_THROWS_WITH(squared_distances(x, y.narrow(1, 0, 2)), contains("shapes"));
}

TEST_CASE("Costs and labels that make no assignment are errors", "[transport]") {
  CHECK(assign(at::empty({0, 0})).column.numel() == 0);
  CHECK_THROWS_WITH(assign(at::zeros({2, 3})), contains("not square"));
  CHECK_THROWS_WITH(assign(at::zeros({2, 2}, at::kLong)), contains("not float or double"));
  for (const double bad : {double(INFINITY), -double(INFINITY), double(NAN), 3e38})
    CHECK_THROWS_WITH(assign(at::full({2, 2}, bad)), contains("infinite"));
}
