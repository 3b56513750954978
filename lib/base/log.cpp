#include "base/log.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include "base/error.h"

namespace couplet {

std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(std::llround(std::max(0.0, seconds)));
  if (s < 60) return text(s, "s");
  if (s < 3600) return text(s / 60, "m ", s % 60, "s");
  return text(s / 3600, "h ", s % 3600 / 60, "m");
}

std::string bytes(double n) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  int unit = 0;
  while (n >= 1000 && unit < 4) n /= 1000, ++unit;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
  return buffer;
}

void Log::end_line() {
  if (line_open_) std::cerr << '\n';
  line_open_ = false;
}

void Log::say(const std::string& line) {
  if (level_ <= Level::quiet) return;
  end_line();
  std::cerr << line << std::endl;
}

void Log::warn(const std::string& line) {
  if (level_ == Level::silent || !warned_.insert(line).second) return;
  end_line();
  std::cerr << "warning: " << line << std::endl;
}

void Log::progress(const std::string& what, int64_t done, int64_t total, const std::string& note) {
  if (total <= 0) return;
  const auto now = Clock::now();
  const bool another = what != pace_.what || done < pace_.done;  // or the same once more
  if (another) {
    pace_ = {what, done}, begin_ = shown_ = now, shown_tenth_ = 10 * done / total;
  }
  pace_.done = done, pace_.total = total;
  pace_.seconds = std::chrono::duration<double>(now - begin_).count();
  if (level_ <= Level::quiet || (another && done < total)) return;
  const bool terminal = ::isatty(STDERR_FILENO);
  const double since = std::chrono::duration<double>(now - shown_).count();
  const int64_t tenth = 10 * done / total;
  const bool due = terminal ? since > 0.2 : since > 30 || (since > 1 && tenth > shown_tenth_);
  if (!due && done < total) return;
  shown_ = now, shown_tenth_ = tenth;

  const double seconds = pace_.seconds;
  const double rate = seconds > 0 ? static_cast<double>(done - pace_.first) / seconds : 0;
  std::string line = text(what, " ", done, "/", total);
  if (rate > 0) {
    char shown[32];
    std::snprintf(shown, sizeof shown, "  %.4g/s", rate);
    line += shown;
  }
  if (done < total && rate > 0) {
    line += "  " + duration(static_cast<double>(total - done) / rate) + " left";
  } else {
    line += "  in " + duration(seconds);
  }
  if (!note.empty()) line += "  " + note;
  if (terminal) {
    std::cerr << "\r\033[K" << line << std::flush;
    line_open_ = true;
    if (done >= total) end_line();
  } else {
    std::cerr << line << std::endl;
  }
}

void Log::open_records(const std::string& path, int64_t step) {
  if (level_ == Level::silent) return;
  records_ = path;
  std::uintmax_t kept = 0;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line) && !in.eof(); kept += line.size() + 1) {
    const json record = json::parse(line, nullptr, false);
    if (!record.is_object() || record.value("step", int64_t{0}) > step) break;
  }
  std::error_code why;  // cut where it stands: a full disk loses none of it
  if (std::ofstream(path, std::ios::app).good()) {
    std::filesystem::resize_file(path, kept, why);
  } else {
    why = {errno, std::generic_category()};
  }
  require(!why, path, ": cannot be written: ", why.message());
}

void Log::record(const json& record) {
  if (records_.empty()) return;
  std::ofstream out(records_, std::ios::app);
  out << record.dump() << std::endl;
  require(out.good(), records_, ": cannot be written (is the disk full?)");
}

}  // namespace couplet
