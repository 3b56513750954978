#include "transport/cost.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "transport/centred.h"

namespace couplet {

Tensor squared_distances(const Tensor& x, const Tensor& y) {
  require(x.dim() > 0 && y.dim() > 0 && x.sizes().slice(1) == y.sizes().slice(1),
          "squared distances: the points are of shapes ", x.sizes(), " and ", y.sizes(),
          "; all but the first size have to be equal");
  const Centred points = centred(x.flatten(1), y.flatten(1));
  const auto norms = [&](const Tensor& squares) { return squares.to(points.x.scalar_type()); };
  return at::addmm(norms(points.alpha).unsqueeze(1) + norms(points.beta), points.x, points.y.t(), 1,
                   -2)
      .clamp_min_(0);
}

}  // namespace couplet
