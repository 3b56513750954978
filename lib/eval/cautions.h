// What a number says beside the quality of the samples, and what no number could.
#pragma once
#include "eval/metric.h"

namespace couplet {

/// Errors: numbers as they came, beside columns that were scaled each by its own. about, other: of
/// two summaries.
void require_one_unit(const json& about, const json& other);

/// Sentences on what a distance tells beside the samples' quality: fewer rows than dimensions,
/// classes in other shares. measured: the names of the metrics.
json cautions(const Comparison& c, const json& measured);

}  // namespace couplet
