// Whether this process waits for the others of its run.
#pragma once
#include <atomic>
#include <cstdint>

namespace couplet {

/// Odd while it waits, and another number each time; 0 as long as it never has.
inline std::atomic<int64_t> waits{0};

struct Waiting {
  Waiting() { ++waits; }
  ~Waiting() { ++waits; }
  Waiting(const Waiting&) = delete;
};

}  // namespace couplet
