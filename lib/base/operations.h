// How many multiplications a piece of work takes, by the shapes of what it multiplies.
#pragma once
#include <cstdint>

namespace couplet {

/// Arithmetic operations (a multiplication and its sum count as two) of matrix products,
/// convolutions and attention, in every thread and backward passes too, since the first call, which
/// begins to count. What is done element by element is left out, and so are kernels that a recorded
/// CUDA graph plays again.
int64_t operations();

}  // namespace couplet
