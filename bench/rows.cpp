// bench-rows FILE: 256 random rows at a time out of the dataset x0 of a file of ours.
#include <ATen/ATen.h>

#include "bench.h"
#include "io/hdf5.h"

using namespace couplet;

int main(int argc, char** argv) {
  at::set_num_threads(1);
  if (argc != 2) return 2;
  const Tensor x0 = h5::File::open(argv[1]).map("x0");
  return bench::serve({{"rows", [&] {
                          const Tensor rows = at::randint(x0.size(0), {256}, at::kLong);
                          return x0.index_select(0, rows).size(0);
                        }}});
}
