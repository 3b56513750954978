#include "transport/cost.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

Tensor squared_distances(const Tensor& x, const Tensor& y) {
  require(x.dim() > 0 && y.dim() > 0 && x.sizes().slice(1) == y.sizes().slice(1),
          "squared distances: the points are of shapes ", x.sizes(), " and ", y.sizes(),
          "; all but the first size have to be equal");
  // |x - y|^2 = |x|^2 + |y|^2 - 2 x.y loses what these are larger than their sum: hence the centre.
  const Tensor centre = y.flatten(1).mean(0);
  const Tensor a = x.flatten(1) - centre, b = y.flatten(1) - centre;
  const Tensor norms = a.square().sum(1).unsqueeze(1) + b.square().sum(1);
  return at::addmm(norms, a, b.t(), 1, -2).clamp_min_(0);
}

}  // namespace couplet
