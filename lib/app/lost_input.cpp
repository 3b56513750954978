#include "app/lost_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace couplet {

namespace {

const char* begin_words = "";

void say(const char* words) {
  [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, words, std::strlen(words));
}

/// The file that is mapped at an address, by lines "from-to rights offset device inode file" of the
/// kernel's list. In a handler: nothing is allocated.
const char* file_at(const void* address) {
  static char line[8192], chunk[4096];
  const int list = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  for (ssize_t n; (n = ::read(list, chunk, sizeof chunk)) > 0;) {
    for (ssize_t i = 0; i < n; ++i) {
      if (chunk[i] != '\n') {
        if (length + 1 < sizeof line) line[length++] = chunk[i];
        continue;
      }
      line[length] = '\0', length = 0;
      char* rest = nullptr;
      const uintptr_t from = std::strtoull(line, &rest, 16),
                      to = std::strtoull(rest + 1, &rest, 16);
      const auto at = reinterpret_cast<uintptr_t>(address);
      const char* file = std::strchr(rest, '/');
      if (from <= at && at < to && file != nullptr) return file;
    }
  }
  return "an input";
}

void on_bus_error(int, siginfo_t* info, void*) {
  static std::atomic_flag begun = ATOMIC_FLAG_INIT;
  while (begun.test_and_set()) ::pause();  // of several threads one speaks, and ends all
  say(begin_words);
  say(": ");
  say(file_at(info->si_addr));
  say(": cannot be read any more (cut short or rewritten while in use, or a disk that fails); "
      "what was saved last stands\n");
  ::_exit(1);
}

}  // namespace

void listen_for_lost_input(const char* words) {
  begin_words = words;
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace couplet
