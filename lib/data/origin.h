// From a model back to the data it was made from.
#pragma once
#include <optional>

#include "data/dataset.h"
#include "io/checkpoint.h"

namespace couplet {

/// A checkpoint with the dataset behind it, or a dataset alone.
struct Origin {
  std::optional<Checkpoint> model;
  Dataset data;
};

/// path: a normalizing flow or a dataset. The flow's dataset is looked for where its provenance
/// says it was, or at moved (if not empty); its content must be what the flow was trained on.
Origin origin_of(const std::string& path, const std::string& moved);

}  // namespace couplet
