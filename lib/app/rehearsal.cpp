#include "app/rehearsal.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "base/error.h"
#include "base/operations.h"

namespace couplet {

namespace fs = std::filesystem;

namespace {

// Files of the run's work in progress.
json of_files(const Run& run) {
  json found = json::object();
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run.output + ".partial", none)) {
    const std::string path = entry.path(), name = entry.path().filename();
    if (name == "rows.h5") found["output_bytes"] = entry.file_size();
    if (!is_artifact(path)) continue;
    const Label label = read_label(path);
    if (label.kind != "training-state") continue;
    found["state_bytes"] = entry.file_size();
    found["parameters"] = label.facts.at("parameters");
    found["output_bytes"] = label.facts.at("result_bytes");
  }
  if (fs::is_regular_file(run.output)) found["output_bytes"] = fs::file_size(run.output);
  found["free_bytes"] = fs::space(fs::path(run.output).parent_path()).available;
  return found;
}

json of_memory(const Run& run) {
  struct rusage used {};
  ::getrusage(RUSAGE_SELF, &used);
  json found = {{"memory_bytes", int64_t{used.ru_maxrss} * 1024}};
  if (run.device.is_cuda()) {
    const auto index = std::max<c10::DeviceIndex>(0, run.device.index());
    const auto all = c10::getDeviceAllocator(run.device.type())->getDeviceStats(index);
    found["device_memory_bytes"] = all.reserved_bytes[0].peak;
  }
  return found;
}

/// While it lives, the run writes into a folder of its own.
class Beside {
 public:
  explicit Beside(Run& run) : run_(run), output_(run.output) {
    if (output_.empty()) return;
    const std::string folder = output_ + ".dry-run";
    run.output = fs::path(folder) / fs::path(output_).filename();
    if (!run.leads()) return;
    std::error_code error;
    fs::create_directory(folder, error);
    require(!error, folder, ": cannot be made: ", error.message());
    lock_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool busy = ::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (busy) ::close(std::exchange(lock_, -1));
    require(!busy, folder, ": another rehearsal is going on there");
    for (const auto& left : fs::directory_iterator(folder)) fs::remove_all(left);  // by one killed
  }
  ~Beside() {
    std::error_code ignored;
    if (lock_ >= 0) {
      fs::remove_all(output_ + ".dry-run", ignored);
      ::close(lock_);
    }
    run_.output = output_;
  }

 private:
  Run& run_;
  std::string output_;
  int lock_ = -1;
};

/// While it lives, what is printed is kept back.
class Unsaid {
 public:
  Unsaid() : before_(std::cout.rdbuf(kept_.rdbuf())) {}
  ~Unsaid() { std::cout.rdbuf(before_); }

 private:
  std::ostringstream kept_;
  std::streambuf* before_;
};

}  // namespace

json rehearse(Run& run, double seconds, const std::function<void()>& work) {
  const Beside folder(run);
  const Log::Pace& pace = run.log->pace();
  int64_t first_turn = operations(), later_turns = 0;
  run.stop = [&, asked = run.stop] {
    if (pace.done == pace.first) first_turn = operations();
    later_turns = operations() - first_turn;
    const bool known = pace.done > pace.first && pace.seconds >= seconds;
    const bool enough = run.group->any(known);  // all processes answer both, in this order
    return asked() || enough;
  };
  bool finished = true;
  try {
    const Unsaid results;
    work();
  } catch (const Unfinished&) {
    finished = false;
  }

  json found = {{"finished", finished}};
  if (pace.done > pace.first) {
    const auto turns = static_cast<double>(pace.done - pace.first);
    const auto all = static_cast<double>(pace.total);
    const double each = pace.seconds / turns;
    const double counted = static_cast<double>(later_turns) / turns;
    found.update({{"work", pace.what}, {"turns", pace.total}});
    found.update({{"seconds_a_turn", each}, {"seconds", each * all}});
    if (counted > 0) found.update({{"operations_a_turn", counted}, {"operations", counted * all}});
    run.log->say(
        text(pace.what, ": ", pace.total, " turns, ", 1 / each, "/s: ", duration(each * all)));
  }
  found.update(of_memory(run));
  if (!run.output.empty() && run.leads()) found.update(of_files(run));
  return found;
}

}  // namespace couplet
