// The data of a file of any kind.
#pragma once
#include "data/origin.h"

namespace couplet {

/// The data behind a file, for pairs made afresh: of a dataset or a model (data: its dataset, where
/// that has moved), or of a couplings file, without a test split (of one that holds potentials, the
/// dataset, to whose rows these belong); pushed: where the blocks that it has passed carried them.
Origin data_behind(const std::string& file, const std::string& data, bool pushed);

}  // namespace couplet
