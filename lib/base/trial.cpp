#include "base/trial.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>

#include "base/error.h"

namespace couplet {

bool survives(const std::function<void()>& work, int64_t seconds) {
  const pid_t child = ::fork();
  require(child >= 0, "no process can be started: ", std::strerror(errno));
  if (child == 0) {
    const rlimit none{0, 0}, time{static_cast<rlim_t>(seconds), static_cast<rlim_t>(seconds)};
    ::setrlimit(RLIMIT_CORE, &none), ::setrlimit(RLIMIT_CPU, &time);
    try {
      work();
    } catch (const std::exception&) {  // whoever does it again will say so
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace couplet
