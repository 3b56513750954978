// Damaged files, by number.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace couplet::fuzz {

/// A seed as it is damaged by number: flipped bits, bytes overwritten, integers at the edges of
/// their range written over any place, parts left out, doubled, cut off, taken from other seeds;
/// one to four of these. Equal numbers, equal bytes.
std::string mutated(const std::vector<std::string>& seeds, uint64_t number);

}  // namespace couplet::fuzz
