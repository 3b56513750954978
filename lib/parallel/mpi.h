// The group of processes that MPI starts.
#pragma once
#include "parallel/group.h"

namespace couplet {

/// Errors: this build has no MPI; MPI counts other processes than the launcher started.
std::shared_ptr<const Group> join_mpi(const Launch& launch);

}  // namespace couplet
