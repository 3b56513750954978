// Samples as files.
#pragma once
#include "base/space.h"
#include "io/artifact.h"

namespace couplet {

/// A samples file, read: x as stored (uint8 or float, see the facts "scale" and "shift"), label and
/// row (N) int64, optional columns of one number a row ("nfe", "curvature", "round_trip"); its
/// paths are left where they are.
struct Samples {
  Artifact artifact;
  Space space;
  Tensor x, label, row;
  Tensors columns;
};
/// Errors: another kind of file; sizes that do not go together.
Samples read_samples(const std::string& path);

}  // namespace couplet
