// Data in the device's memory.
#pragma once
#include <initializer_list>

#include "base/types.h"

namespace couplet {

/// Moves tensors to an accelerator where a quarter of its free memory holds them all; else leaves
/// them, and rows are gathered where they are.
void keep_on(c10::Device device, std::initializer_list<Tensor*> all);

}  // namespace couplet
