#include "base/denormals.h"

#include <ATen/Context.h>

namespace couplet {

void flush_denormals() { at::globalContext().setFlushDenormal(true); }

}  // namespace couplet
