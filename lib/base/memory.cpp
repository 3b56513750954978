#include "base/memory.h"

#include <cstdlib>

#ifdef __GLIBC__  // which any header of the C library tells
#include <malloc.h>
#endif

namespace couplet {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // as high as it goes
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

}  // namespace couplet
