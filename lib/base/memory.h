// Memory that comes and goes.
#pragma once

namespace couplet {

/// Tensors come and go by the step: glibc would give their pages back each time and fault them in
/// anew. Once, at the start of a program.
void keep_freed_memory();

}  // namespace couplet
