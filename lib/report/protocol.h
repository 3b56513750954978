// How a number of eval-fid was measured, in words.
#pragma once
#include "base/types.h"

namespace couplet {

/// The extractor in whose features a record's metric was measured, as the record tells it; null
/// where there is none.
json extractor_of(const json& record, const std::string& metric);

/// "the classifier digits.h5 [3f2a91bc]", "Inception weights.pth [6726825d], input tf1, layer
/// 2048"; "" of null.
std::string in_words(const json& extractor);

/// What a record's metric was measured against: "data.h5 [ab12cd34], train split, 1437 rows"; ""
/// where that is not told, or the metric has no reference.
std::string reference_of(const json& record, const std::string& metric);

/// What else decides a number: of a likelihood its solver, of a kernel distance the subsets.
std::string manner_of(const json& record, const std::string& metric);

/// What tells objects apart: of each, "key value, key value" for the keys that are not the same in
/// all; "" where all are equal.
std::vector<std::string> told_apart(const std::vector<json>& objects);

/// A JSON value in a sentence: texts without quotes, numbers short.
std::string plain(const json& value);

/// A path's last part.
std::string file_name(const std::string& path);

}  // namespace couplet
