// The rotation that brings one cloud of points nearest to another.
#pragma once
#include "base/types.h"

namespace couplet {

/// Q (D, D) orthogonal that minimises E |x - Q z|^2, of the moment E[x z^T] (D, D): its singular
/// vectors, U V^T. N(0, I) stays N(0, I) under it. Schoenemann 1966.
Tensor nearest_rotation(const Tensor& moment);

}  // namespace couplet
