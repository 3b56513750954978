// How much memory a piece of work takes.
#pragma once
#include <cstdint>

namespace couplet::fuzz {

/// Counts every allocation of this process from now on, whoever makes it.
void count_memory();
/// Bytes that are allocated now, and the most at once since forget_peak().
int64_t allocated();
int64_t peak();
void forget_peak();

}  // namespace couplet::fuzz
