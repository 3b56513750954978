#include "transport/scans.h"

#include <cstring>
#include <limits>
#include <type_traits>

namespace couplet {

namespace {

#define INTO_EACH __attribute__((always_inline)) inline

template <class T>
using Signed = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

template <class Number>
constexpr Number infinity = std::numeric_limits<Number>::infinity();

/// Vectors of so many bytes of Number, and as many costs and indices.
template <int bytes, class Cost, class Number>
struct Lanes {
  static constexpr int64_t width = bytes / sizeof(Number);
  using Costs __attribute__((vector_size(width * sizeof(Cost)))) = Cost;
  using Numbers __attribute__((vector_size(bytes))) = Number;
  using Indices __attribute__((vector_size(bytes))) = Signed<Number>;
};

/// A vector from anywhere, and to anywhere, without alignment.
template <class Vector, class Element>
INTO_EACH void load(Vector& lanes, const Element* from) {
  std::memcpy(&lanes, from, sizeof lanes);
}
template <class Vector, class Element>
INTO_EACH void store(const Vector& lanes, Element* to) {
  std::memcpy(to, &lanes, sizeof lanes);
}

/// Asks for a whole row at once: the processor itself would stop at the end of each page.
template <class Cost>
INTO_EACH void fetch(const Cost* c, int64_t n) {
  for (int64_t j = 0; j < n; j += 64 / sizeof(Cost)) __builtin_prefetch(c + j, 0, 2);
}

template <int bytes, class Cost, class Number>
INTO_EACH LeastTwo least_two_in(const Cost* c, const Number* v, int64_t n) {
  using L = Lanes<bytes, Cost, Number>;
  fetch(c, n);
  // Each lane keeps its own two.
  typename L::Numbers least = typename L::Numbers{} + infinity<Number>, second = least;
  typename L::Indices where = typename L::Indices{} - 1;
  int64_t j = 0;
  for (; j + L::width <= n; j += L::width) {
    typename L::Costs c_j;
    typename L::Numbers v_j;
    load(c_j, c + j), load(v_j, v + j);
    const auto x = __builtin_convertvector(c_j, typename L::Numbers) - v_j;
    const auto better = x < least;
    const auto other = better ? least : x;
    second = other < second ? other : second;
    least = better ? x : least;
    where = better ? typename L::Indices{} + Signed<Number>(j) : where;
  }
  // The two of all lanes and of what is left of the row.
  LeastTwo found{infinity<Number>, infinity<Number>, -1};
  const auto take = [&](Number x, int64_t at) __attribute__((always_inline)) {
    if (x < found.least)
      found = {x, found.least, at};
    else if (x < found.second)
      found.second = x;
  };
  for (int64_t k = 0; k < L::width; ++k) {
    take(least[k], where[k] + k);
    if (second[k] < found.second) found.second = second[k];
  }
  for (; j < n; ++j) take(c[j] - v[j], j);
  return found;
}

template <int bytes, class Cost, class Number>
INTO_EACH int64_t relax_in(const Cost* c, const Number* v, Number h, int64_t row, Number* d,
                           Signed<Number>* from, int64_t n) {
  using L = Lanes<bytes, Cost, Number>;
  fetch(c, n);
  typename L::Numbers least = typename L::Numbers{} + infinity<Number>;
  typename L::Indices where = typename L::Indices{} - 1;
  int64_t j = 0;
  for (; j + L::width <= n; j += L::width) {
    typename L::Costs c_j;
    typename L::Numbers v_j, d_j;
    typename L::Indices from_j;
    load(c_j, c + j), load(v_j, v + j), load(d_j, d + j), load(from_j, from + j);
    const auto x = __builtin_convertvector(c_j, typename L::Numbers) - v_j - h;
    const auto shorter = x < d_j;
    d_j = shorter ? x : d_j;
    from_j = shorter ? typename L::Indices{} + Signed<Number>(row) : from_j;
    store(d_j, d + j), store(from_j, from + j);
    const auto better = d_j < least;
    least = better ? d_j : least;
    where = better ? typename L::Indices{} + Signed<Number>(j) : where;
  }
  Number smallest = infinity<Number>;
  int64_t best = -1;
  for (int64_t k = 0; k < L::width; ++k) {
    if (least[k] < smallest) smallest = least[k], best = where[k] + k;
  }
  for (; j < n; ++j) {
    const Number x = c[j] - v[j] - h;
    if (x < d[j]) d[j] = x, from[j] = row;
    if (d[j] < smallest) smallest = d[j], best = j;
  }
  return best;
}

// The loops once for each level of x86-64, in vectors as wide as it has: wider ones would be taken
// apart into single numbers, which is why target_clones do not do here.
#if defined(__x86_64__) && defined(__GNUC__)
#define LEVEL(name) __attribute__((target("arch=" name)))
const int level = __builtin_cpu_supports("x86-64-v4")   ? 4
                  : __builtin_cpu_supports("x86-64-v3") ? 3
                                                        : 1;
#else
#define LEVEL(name)
constexpr int level = 1;
#endif

template <class... T>
LEVEL("x86-64-v4")
LeastTwo least_two_v4(T... x) {
  return least_two_in<64>(x...);
}
template <class... T>
LEVEL("x86-64-v3")
LeastTwo least_two_v3(T... x) {
  return least_two_in<32>(x...);
}
template <class... T>
LeastTwo least_two_of(T... x) {
  return level == 4 ? least_two_v4(x...) : level == 3 ? least_two_v3(x...) : least_two_in<16>(x...);
}

template <class... T>
LEVEL("x86-64-v4")
int64_t relax_v4(T... x) {
  return relax_in<64>(x...);
}
template <class... T>
LEVEL("x86-64-v3")
int64_t relax_v3(T... x) {
  return relax_in<32>(x...);
}
template <class... T>
int64_t relax_by(T... x) {
  return level == 4 ? relax_v4(x...) : level == 3 ? relax_v3(x...) : relax_in<16>(x...);
}

}  // namespace

LeastTwo least_two(const float* c, const float* v, int64_t n) { return least_two_of(c, v, n); }
LeastTwo least_two(const float* c, const double* v, int64_t n) { return least_two_of(c, v, n); }
LeastTwo least_two(const double* c, const double* v, int64_t n) { return least_two_of(c, v, n); }

int64_t relax(const float* c, const float* v, float h, int64_t row, float* d, int32_t* from,
              int64_t n) {
  return relax_by(c, v, h, row, d, from, n);
}
int64_t relax(const float* c, const double* v, double h, int64_t row, double* d, int64_t* from,
              int64_t n) {
  return relax_by(c, v, h, row, d, from, n);
}
int64_t relax(const double* c, const double* v, double h, int64_t row, double* d, int64_t* from,
              int64_t n) {
  return relax_by(c, v, h, row, d, from, n);
}

}  // namespace couplet
