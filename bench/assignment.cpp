// bench-assignment FILE: an exact plan for the costs of a file, "plan-N" for its dataset N.
#include <ATen/ATen.h>

#include "bench.h"
#include "io/hdf5.h"
#include "transport/assignment.h"

using namespace couplet;

int main(int argc, char** argv) {
  at::set_num_threads(1);
  if (argc != 2) return 2;
  const h5::File file = h5::File::open(argv[1]);
  std::map<std::string, bench::Workload> workloads;
  for (const auto& n : file.datasets()) {
    workloads["plan-" + n] = [cost = file.read(n)] { return assign(cost).column.size(0); };
  }
  return bench::serve(workloads);
}
