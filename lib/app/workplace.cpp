#include "app/workplace.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace fs = std::filesystem;

namespace {

/// What makes two runs the same: tool, options, seed, and the inputs by their content.
json command_of(const Run& run, const json& flags, const std::vector<std::string>& inputs) {
  json command = {
      {"tool", run.tool}, {"seed", run.seed}, {"options", run.config}, {"flags", flags}};
  const auto named = [](const std::string& path) {
    return is_artifact(path) ? read_label(path).content : path;
  };
  command["inputs"] = json::array();
  for (const auto& path : inputs) command["inputs"].push_back(named(path));
  for (auto& [name, value] : command["flags"].items()) {
    if (value.is_string()) value = named(value.get<std::string>());
  }
  return command;
}

json read_json(const std::string& path) {
  std::ifstream in(path);
  const json value = json::parse(in, nullptr, false);
  return value.is_discarded() ? json() : value;
}

std::string differences(const json& before, const json& now) {
  std::string all;
  for (const auto& change : json::diff(before, now)) {
    const std::string path = change["path"].get<std::string>();
    const json::json_pointer at(path);
    all += (all.empty() ? "" : ", ") + path.substr(1) + " (" +
           (before.contains(at) ? before[at].dump() : "absent") + " before, " +
           (now.contains(at) ? now[at].dump() : "absent") + " now)";
  }
  return all;
}

/// What can be gone on with, or was begun.
std::vector<fs::path> work_in(const std::string& folder) {
  std::vector<fs::path> work;
  std::error_code ignored;  // somebody may have removed the folder
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename();
    if (name != "lock" && !name.starts_with("command.json")) work.push_back(entry.path());
  }
  return work;
}

bool is_content(const json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Errors: a file that the command had is gone; the work would be taken for another command's.
void require_inputs(const json& before, const json& now, const json& flags,
                    const std::vector<std::string>& inputs) {
  // A file stands there by its content, what is none by its name.
  const auto need = [](const json& before, const json& now, const std::string& path) {
    const bool lost = before != now && now == path && !fs::exists(path) && is_content(before);
    require(!lost, path, ": is not there any more");
  };
  for (size_t i = 0; i < inputs.size() && i < before["inputs"].size(); ++i) {
    need(before["inputs"][i], now["inputs"][i], inputs[i]);
  }
  for (const auto& [name, value] : flags.items()) {
    if (value.is_string()) need(before["flags"].value(name, json()), now["flags"][name], value);
  }
}

}  // namespace

Workplace::Workplace(const Run& run, const json& flags, const std::vector<std::string>& inputs,
                     bool force)
    : run_(run), folder_(run.output + ".partial") {
  const json command = command_of(run, flags, inputs);
  if (run.leads()) take(command, flags, inputs, force);
  if (run.group->size() == 1) return;
  // Each holds the lock, so that the next run waits for the last process of this one.
  if (run.leads()) share();
  const json lead = told(*run.group, command);
  require(command == lead, "the first process of the run has other inputs under these names: ",
          differences(lead, command));
  if (run.leads()) return;
  lock_ = ::open((folder_ + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  require(lock_ >= 0, folder_, "/lock: cannot be opened: ", std::strerror(errno),
          "; all processes of a run need the same file system");
  share();
}

void Workplace::share() {
  const bool lost = ::flock(lock_, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  require(!lost, run_.output, ": another run is writing it (", folder_, " is locked)");
}

void Workplace::take(const json& now, const json& flags, const std::vector<std::string>& inputs,
                     bool force) {
  const Run& run = run_;
  for (const std::string& input : inputs) {
    std::error_code absent;
    require_option(!fs::equivalent(input, run.output, absent), "--output ", run.output,
                   " is one of the inputs, which it would replace");
  }
  require_option(force || !fs::exists(run.output), run.output,
                 ": exists already; --force writes it anew");
  const auto parent = fs::path(run.output).parent_path();
  require(parent.empty() || fs::is_directory(parent), parent.string(), ": there is no such folder");
  std::error_code error;
  fs::create_directory(folder_, error);
  require(!error, folder_, ": cannot be made: ", error.message());

  lock_ = ::open((folder_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  require(lock_ >= 0, folder_, "/lock: cannot be made: ", std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    if (why == EWOULDBLOCK) {
      ::close(std::exchange(lock_, -1));
      fail(run.output, ": another run is writing it (", folder_, " is locked)");
    }
    run.log->warn(text(folder_, ": cannot be locked (", std::strerror(why),
                       "): nothing keeps a second run from writing it"));
  }

  const json before = read_json(run.partial("command.json"));
  if (before == now) return;
  if (const auto work = work_in(folder_); !work.empty()) {
    if (!before.is_null()) require_inputs(before, now, flags, inputs);
    require_option(
        force, folder_, ": holds work of ",
        before.is_null() ? "an unknown command" : "another command: " + differences(before, now),
        "; --force gives it up");
    for (const auto& path : work) fs::remove_all(path);
  }
  write_bytes(run.partial("command.json"), now.dump(1) + "\n");
}

Workplace::~Workplace() {
  if (lock_ < 0) return;
  if (!run_.leads()) {
    ::close(lock_);
    return;
  }
  if (work_in(folder_).empty()) {
    remove_folder();
  } else {
    ::close(lock_);
  }
}

/// A network file system keeps an open file that is removed, and its folder: so again at the end.
void Workplace::remove_folder() {
  std::error_code ignored;  // somebody else may have removed it
  fs::remove_all(folder_, ignored);
  ::close(std::exchange(lock_, -1));
  fs::remove(folder_, ignored);
}

void Workplace::finish(double seconds) {
  if (!run_.leads()) ::close(std::exchange(lock_, -1));
  run_.group->any(false);
  if (!run_.leads()) return;
  require(fs::exists(run_.output), run_.output, ": was not written");
  remove_folder();
  uintmax_t size = 0;
  if (fs::is_directory(run_.output)) {
    for (const auto& entry : fs::directory_iterator(run_.output)) size += entry.file_size();
  } else {
    size = fs::file_size(run_.output);
  }
  run_.log->say("wrote " + run_.output + " (" + bytes(static_cast<double>(size)) + ") in " +
                duration(seconds));
}

}  // namespace couplet
