// Couplings as files: pairs of noise and data.
#pragma once
#include "base/space.h"
#include "io/artifact.h"
#include "io/scaling.h"

namespace couplet {

/// A couplings file, mapped. Data x1 (M, *shape) are stored as in the dataset (see scaling);
/// each has K draws of its noise x0 (M, K, *shape).
struct Pairs {
  Artifact artifact;
  Space space;
  Scaling scaling;       ///< of x1
  Tensor x1, x0, label;  ///< label: (M) int64
  Tensor flip;           ///< (M, K) uint8: x1 is mirrored left to right in this draw; or undefined

  int64_t size() const { return x1.size(0); }   ///< M
  int64_t draws() const { return x0.size(1); }  ///< K
};
/// Errors: another kind of file; sizes that do not go together.
Pairs read_pairs(const std::string& path);

}  // namespace couplet
