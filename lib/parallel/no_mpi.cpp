#include "base/error.h"
#include "parallel/mpi.h"

namespace couplet {

std::shared_ptr<const Group> join_mpi(const Launch& launch) {
  fail("started as ", launch.size,
       " processes of one run, but this build has no MPI; install an MPI, as Debian's "
       "libopenmpi-dev, and build again, or start it alone");
}

}  // namespace couplet
