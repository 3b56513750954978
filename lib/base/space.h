// Where x lives.
#pragma once
#include "base/types.h"

namespace couplet {

/// The shape of one example, and how many classes label it (0: none).
struct Space {
  std::vector<int64_t> shape;
  int64_t classes = 0;

  int64_t dims() const {  ///< numbers in one example
    int64_t n = 1;
    for (int64_t s : shape) n *= s;
    return n;
  }
  bool operator==(const Space&) const = default;
};

/// (n, *shape): the sizes of a batch.
inline std::vector<int64_t> batch_of(int64_t n, const std::vector<int64_t>& shape) {
  std::vector<int64_t> sizes{n};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return sizes;
}

/// A vector of one number an example, (N), made to multiply x: (N, 1, …, 1).
inline Tensor expand_to(const Tensor& per_example, const Tensor& x) {
  return per_example.view(batch_of(-1, std::vector<int64_t>(x.dim() - 1, 1)));
}

}  // namespace couplet
