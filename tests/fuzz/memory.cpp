#include "memory.h"

#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace {

std::atomic<int64_t> now{0}, most{0};

void add(int64_t bytes) {
  const int64_t after = now.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t before = most.load(std::memory_order_relaxed);
  while (before < after && !most.compare_exchange_weak(before, after)) {
  }
}

}  // namespace

#ifdef __SANITIZE_ADDRESS__

// GCC's runtime has these, as Clang's, but not their header.
extern "C" {
size_t __sanitizer_get_allocated_size(const void*);
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, size_t),
                                              void (*)(const volatile void*));
}

namespace {

void on_malloc(const volatile void*, size_t size) { add(static_cast<int64_t>(size)); }
void on_free(const volatile void* memory) {
  if (memory != nullptr) {
    now -= static_cast<int64_t>(__sanitizer_get_allocated_size(const_cast<const void*>(memory)));
  }
}

}  // namespace

namespace couplet::fuzz {
void count_memory() { __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free); }
}  // namespace couplet::fuzz

#else

// The C library's own functions, with a count beside them: those of this program come first for all
// libraries that it loads.
extern "C" {

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);

static void* counted(void* memory) {
  if (memory != nullptr) add(static_cast<int64_t>(malloc_usable_size(memory)));
  return memory;
}
void* malloc(size_t size) { return counted(__libc_malloc(size)); }
void* calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }
void* memalign(size_t to, size_t size) { return counted(__libc_memalign(to, size)); }
void* aligned_alloc(size_t to, size_t size) { return memalign(to, size); }
int posix_memalign(void** out, size_t to, size_t size) {
  *out = memalign(to, size);
  return *out == nullptr ? ENOMEM : 0;
}
void* realloc(void* memory, size_t size) {
  const auto before = memory == nullptr ? 0 : static_cast<int64_t>(malloc_usable_size(memory));
  void* const moved = __libc_realloc(memory, size);
  if (moved == nullptr && size > 0) return nullptr;
  now -= before;
  return counted(moved);
}
void free(void* memory) {
  if (memory != nullptr) now -= static_cast<int64_t>(malloc_usable_size(memory));
  __libc_free(memory);
}

}  // extern "C"

namespace couplet::fuzz {
void count_memory() {}
}  // namespace couplet::fuzz

#endif

namespace couplet::fuzz {

int64_t allocated() { return now; }
int64_t peak() { return most; }
void forget_peak() { most = now.load(); }

}  // namespace couplet::fuzz
