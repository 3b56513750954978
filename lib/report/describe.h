// What a file of ours is, in words and as JSON.
#pragma once
#include "io/artifact.h"

namespace couplet {

/// Everything a file says of itself, and a summary of its data: path, kind, format, uuid, content,
/// config, facts, provenance, data: [{name, type, sizes, low, high, mean, non_finite}], and where
/// they apply rows, parameters (of each block), labels ({"3": how many, …}). Data is read, not
/// verified.
json describe(const std::string& path);

/// That as a page for a terminal; of a checkpoint's datasets those that are not finite.
std::string describe_text(const json& description);

/// Reads the whole file and compares its hash. Errors: what cannot be opened; CheckFailed for data
/// that are not those written.
void check(const std::string& path);

/// Nested objects by path: {"train": {"steps": 3}} -> "train.steps": 3.
std::map<std::string, json> by_path(const json& object);
/// "float32", as numpy calls it.
std::string numpy_type(at::ScalarType type);

}  // namespace couplet
