// Samples and statistics as files.
#pragma once
#include "base/space.h"
#include "io/artifact.h"

namespace couplet {

/// A samples file, read: x as stored (uint8 or float, see the fact "scaling"), label and row (N)
/// int64, optional columns of one number a row ("curvature", "log_p", "round_trip"); its paths are
/// left where they are.
struct Samples {
  Artifact artifact;
  Space space;
  Tensor x, label, row;
  Tensors columns;
};
Samples read_samples(const std::string& path);

}  // namespace couplet
