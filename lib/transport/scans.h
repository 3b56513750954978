// The two loops over a row of costs in which an exact assignment spends its time.
#pragma once
#include <cstdint>

namespace couplet {

/// The least two of the numbers c[j] - v[j], j < n, and where the least one is (-1: all are
/// infinite).
struct LeastTwo {
  double least, second;
  int64_t at;
};
LeastTwo least_two(const float* c, const float* v, int64_t n);
LeastTwo least_two(const float* c, const double* v, int64_t n);
LeastTwo least_two(const double* c, const double* v, int64_t n);

/// A step of Dijkstra's search: where c[j] - v[j] - h < d[j], that becomes d[j] and row becomes
/// from[j]. Returns where the least d is (-1: all are infinite).
int64_t relax(const float* c, const float* v, float h, int64_t row, float* d, int32_t* from,
              int64_t n);
int64_t relax(const float* c, const double* v, double h, int64_t row, double* d, int64_t* from,
              int64_t n);
int64_t relax(const double* c, const double* v, double h, int64_t row, double* d, int64_t* from,
              int64_t n);

}  // namespace couplet
