#include "base/denormals.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <thread>

#include "testing.h"

using namespace couplet;

TEST_CASE("Numbers too small are zero, on threads started later too", "[base]") {
  const auto small = [] { return at::full({64}, 1e-30f).mul(1e-10f).abs().max().item<float>(); };
  if (!at::globalContext().setFlushDenormal(false)) return;  // a CPU that cannot
  CHECK(small() > 0);
  flush_denormals();
  CHECK(small() == 0);
  float there = 1;
  std::thread([&] { there = small(); }).join();
  CHECK(there == 0);
  at::globalContext().setFlushDenormal(false);
}
