// Weights of a published network by a formula, so that no file of them is needed.
#pragma once
#include <string>

#include "base/types.h"

namespace couplet::testing {

/// For the names and sizes in a reference file (weights/names, shapes, ndim), which also has the
/// sum of each tensor: those are checked.
Tensors formula_weights(const std::string& path);

}  // namespace couplet::testing
