// The frame of a bench program: workloads named on stdin, one JSON line each on stdout.
#pragma once
#include <ATen/Parallel.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "base/denormals.h"
#include "base/memory.h"
#include "base/mkl.h"

namespace couplet::bench {

/// One unit of work: returns how many samples it went through.
using Workload = std::function<int64_t()>;

/// For each name read from stdin: runs the workload once to warm up when it is first met, then for
/// at least a second, and prints {"name": …, "samples_per_s": …}. So two programs can take turns.
inline int serve(const std::map<std::string, Workload>& workloads) {
  using Clock = std::chrono::steady_clock;
  choose_mkl_kernels();
  keep_freed_memory();
  flush_denormals();
  std::map<std::string, bool> warm;
  for (std::string name; std::getline(std::cin, name);) {
    const auto found = workloads.find(name);
    if (found == workloads.end()) {
      std::cerr << "unknown workload '" << name << "'\n";
      return 2;
    }
    if (!std::exchange(warm[name], true)) found->second();
    int64_t samples = 0;
    double seconds = 0;
    for (const auto start = Clock::now(); seconds < 1;) {
      samples += found->second();
      seconds = std::chrono::duration<double>(Clock::now() - start).count();
    }
    std::cout << "{\"name\": \"" << name << "\", \"samples_per_s\": " << samples / seconds << "}"
              << std::endl;
  }
  return 0;
}

}  // namespace couplet::bench
