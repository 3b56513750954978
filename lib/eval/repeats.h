// Measures of several files of samples as one result: mean and spread.
#pragma once
#include <vector>

#include "base/types.h"

namespace couplet {

/// Of the objects of measure(): {"repeats": how many, "samples": their paths, name: {"mean",
/// "deviation" (divisor one less), "lowest", "highest"} of every number that all have, "sampling"
/// and "protocol": those of the first}. Errors: fewer than two; the same samples twice; another
/// number of rows, kind of model or way of sampling than the first's, seeds and paths apart. Models
/// of one kind may differ: of seeds they do.
json over_repeats(const std::vector<json>& measured);

}  // namespace couplet
