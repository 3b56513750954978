// From a model or from pairs back to the data they were made from.
#pragma once
#include <optional>

#include "data/dataset.h"
#include "io/checkpoint.h"

namespace couplet {

/// A dataset, and the checkpoint or the pairs that it is behind, where it is not alone.
struct Origin {
  Dataset data;
  std::optional<Checkpoint> model;
  std::optional<Artifact> pairs;

  /// The file that was asked for.
  const Label& label() const;
};

/// path: a normalizing flow, a velocity field, a dataset, or pairs that hold potentials. The
/// dataset is looked for where the file's provenance says it was, or at moved (if not empty); its
/// content must be what the file was made from.
Origin origin_of(const std::string& path, const std::string& moved);

}  // namespace couplet
