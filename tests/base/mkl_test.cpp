#include "base/mkl.h"

#include <dlfcn.h>

#include <cstdlib>

#include "testing.h"

using namespace couplet;

#if defined(__x86_64__)
TEST_CASE("MKL asks this program whose processor it is, not its own library") {
  const auto asked = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "mkl_serv_intel_cpu_true"));
  REQUIRE(asked != nullptr);
  Dl_info where;
  REQUIRE(dladdr(reinterpret_cast<void*>(asked), &where) != 0);
  CHECK(std::string(where.dli_fname).find("libtorch") == std::string::npos);
  choose_mkl_kernels();
  CHECK(asked() == 1);
  setenv("COUPLET_MKL", "vendor", 1);
  choose_mkl_kernels();
  CHECK(asked() == (__builtin_cpu_is("intel") ? 1 : 0));
  unsetenv("COUPLET_MKL");
  choose_mkl_kernels();
}
#endif
