// What a run tells: lines and progress for people on stderr, records for programs.
#pragma once
#include <chrono>
#include <set>
#include <string>

#include "base/types.h"

namespace couplet {

class Log {
 public:
  /// silent: says and records nothing, another process does.
  enum class Level { silent, quiet, normal };
  explicit Log(Level level = Level::quiet) : level_(level) {}

  /// One line for people.
  void say(const std::string& line);
  /// A line that begins with "warning: ", the same one once; also when quiet.
  void warn(const std::string& line);
  /// Work done of total, with rate and time left: one line on a terminal, else one every 30 s and
  /// at each tenth. note: what else to show, say "loss 0.12". Every long loop tells it each turn.
  void progress(const std::string& what, int64_t done, int64_t total, const std::string& note = "");
  /// What the loop at work told first and last, and when.
  struct Pace {
    std::string what;
    int64_t first = 0, done = 0, total = 0;
    double seconds = 0;  ///< between the two
  };
  const Pace& pace() const { return pace_; }

  /// Appends a record to the JSON-lines file; no file, no record.
  void record(const json& record);
  /// Opens that file; keeps only the records before step (the rest will be written again).
  void open_records(const std::string& path, int64_t step);

 private:
  using Clock = std::chrono::steady_clock;
  void end_line();
  Level level_;
  std::string records_;
  Pace pace_;
  int64_t shown_tenth_ = -1;
  Clock::time_point begin_, shown_;
  bool line_open_ = false;
  std::set<std::string> warned_;
};

/// 3725 -> "1h 2m"; 42 -> "42s".
std::string duration(double seconds);
/// 5300000 -> "5.3 MB".
std::string bytes(double n);

}  // namespace couplet
