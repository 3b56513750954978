#include "app/ending.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "base/error.h"
#include "parallel/waiting.h"

namespace couplet {

namespace {

std::atomic<int> signals{0};

void on_signal(int signal) {
  if (signals.fetch_add(1) > 0 && signal == SIGINT) std::_Exit(130);
  if (signal == SIGTERM && waits > 0) ::alarm(1);
}

/// A launcher that has lost a process sends TERM to the others. They wait for the lost one, do not
/// come to ask whether they should stop, and Slurm would let them wait for half a minute.
void on_alarm(int) {
  static int64_t last = 0;
  static int seconds = 0;
  const int64_t now = waits;
  seconds = now == last && now % 2 == 1 ? seconds + 1 : 0;
  last = now;
  if (seconds >= 5) std::_Exit(1);
  ::alarm(1);
}

/// An error that all processes meet ends them all when the lead has said it; who is still here
/// after a while has met one of its own.
bool ended_by_lead() {
  using namespace std::chrono_literals;
  const int before = signals;  // one may have come with the error
  for (int i = 0; i < 60 && signals == before; ++i) std::this_thread::sleep_for(50ms);
  return signals != before;
}

}  // namespace

void listen_to_signals() {
  for (int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) std::signal(signal, on_signal);
  std::signal(SIGALRM, on_alarm);
  std::signal(SIGXFSZ, SIG_IGN);  // a file grown to its limit is an error of the write
}

bool signalled() { return signals > 0; }

int end_run(const std::string& words, int status, const Launch& launch, const Group* group) {
  const bool saved = status == 75;  // all stop together
  const bool leads = launch.rank == 0;
  if (!leads && (saved || ended_by_lead())) return saved ? 0 : status;
  std::cerr << words << (leads ? "" : text(" (process ", launch.rank, " of ", launch.size, ")"))
            << std::endl;
  if (!saved && group != nullptr && launch.size > 1) group->abort(status);
  return status;
}

}  // namespace couplet
