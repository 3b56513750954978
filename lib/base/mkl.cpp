#include "base/mkl.h"

#include <cstdlib>
#include <string>

namespace {

bool by_vendor = false;

}  // namespace

// MKL asks this function of its own, which is not documented, whose processor it is. LibTorch's
// library exports it, so that the one of the program comes first.
extern "C" __attribute__((visibility("default"))) int mkl_serv_intel_cpu_true() {
#if defined(__x86_64__) && defined(__GNUC__)
  return by_vendor ? __builtin_cpu_is("intel") : 1;
#else
  return 0;
#endif
}

namespace couplet {

void choose_mkl_kernels() {
  const char* choice = std::getenv("COUPLET_MKL");
  by_vendor = choice != nullptr && std::string(choice) == "vendor";
}

}  // namespace couplet
