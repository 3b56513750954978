#include "transport/procrustes.h"

#include <ATen/ATen.h>

namespace couplet {

Tensor nearest_rotation(const Tensor& moment) {
  const auto [U, S, Vh] = at::linalg_svd(moment);
  return U.matmul(Vh);
}

}  // namespace couplet
