// Work that may not come back.
#pragma once
#include <cstdint>
#include <functional>

namespace couplet {

/// Does the work in a child process, whose memory is a copy: false where it crashed or took more
/// seconds of the processor. What it throws is left unsaid.
bool survives(const std::function<void()>& work, int64_t seconds);

}  // namespace couplet
