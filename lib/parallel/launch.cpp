#include "parallel/launch.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace couplet {

namespace {

/// A variable's number, -1 where it has none.
int64_t number(const char* name) {
  const char* value = std::getenv(name);
  int64_t n = -1;
  if (value != nullptr) std::from_chars(value, value + std::strlen(value), n);
  return n;
}

}  // namespace

Launch launched() {
  // Open MPI's mpirun; MPICH's and Slurm's PMI; PMIx as srun speaks it, which counts its step's
  // tasks.
  constexpr const char* names[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                      {"PMI_RANK", "PMI_SIZE"},
                                      {"PMIX_RANK", "SLURM_STEP_NUM_TASKS"}};
  for (const auto& [rank, size] : names) {
    const Launch found{number(rank), number(size)};
    if (found.rank >= 0 && found.size > found.rank) return found;
  }
  return {};
}

}  // namespace couplet
