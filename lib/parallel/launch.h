// How this process was started: alone, or by mpirun or srun as one of many.
#pragma once
#include <cstdint>

namespace couplet {

/// Its number among the processes of one run, from 0, and how many these are.
struct Launch {
  int64_t rank = 0, size = 1;
};

/// What the launcher says in the environment. Of tasks that srun starts without MPI (--mpi=none)
/// each is alone.
Launch launched();

}  // namespace couplet
