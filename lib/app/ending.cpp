#include "app/ending.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "base/error.h"

namespace couplet {

namespace {

std::atomic<int> signals{0};

void on_signal(int signal) {
  if (signals.fetch_add(1) > 0 && signal == SIGINT) std::_Exit(130);
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
