// Vectors of sixteen numbers, for inner loops on a CPU.
#pragma once
#include <cstdint>

// The compiler writes a function out for each level of x86-64; the processor takes its own. Do
// arithmetic of vectors in such a function itself: in another it is cut up before it is put in.
#if defined(__x86_64__) && defined(__GLIBC__)
#define FOR_EACH_LEVEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_LEVEL
#endif

namespace couplet {

constexpr int64_t width = 16;
using Vector = float __attribute__((vector_size(64)));
using Integers = int32_t __attribute__((vector_size(64)));

/// Numbers in memory as a vector, without alignment.
struct __attribute__((packed, aligned(4), may_alias)) Anywhere {
  Vector lanes;
};
inline const Anywhere& vector_at(const float* numbers) {
  return *reinterpret_cast<const Anywhere*>(numbers);
}
inline Anywhere& vector_at(float* numbers) { return *reinterpret_cast<Anywhere*>(numbers); }

}  // namespace couplet
