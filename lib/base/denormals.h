// Numbers too small for their exponent.
#pragma once

namespace couplet {

/// Numbers below 1e-38 count as zero from here on, on this thread and on those it starts: they
/// carry nothing, and a CPU takes a hundred times as long over each. Softplus and softmax are full
/// of them. Once, at the start of a program.
void flush_denormals();

}  // namespace couplet
