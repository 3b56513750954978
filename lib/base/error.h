// Errors for users: what, where, found and expected, what to do next.
#pragma once
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace couplet {

/// What a user or a file got wrong. Message: lower case, no full stop.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An option or an argument that cannot be: exit status 2.
struct BadOption : Error {
  using Error::Error;
};

/// A check that said no: exit status 3.
struct CheckFailed : Error {
  using Error::Error;
};

/// Work was saved but not finished; the same command goes on: exit status 75.
struct Unfinished : Error {
  using Error::Error;
};

/// The run was asked to stop, and has nothing to go on from: exit status 1.
struct NothingKept : Unfinished {
  using Unfinished::Unfinished;
};

/// The parts, one after the other, as text.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(text(parts...));
}

/// Throws Error with the parts as message unless ok.
template <class... Parts>
void require(bool ok, const Parts&... parts) {
  if (!ok) fail(parts...);
}

template <class... Parts>
void require_option(bool ok, const Parts&... parts) {
  if (!ok) throw BadOption(text(parts...));
}

/// Says where: what f throws leaves with "context: " before its message; c10's errors are cut to
/// it.
void rethrow_within(const std::string& context);
template <class F>
auto within(const std::string& context, F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::exception&) {
    rethrow_within(context);
    throw;
  }
}

/// The message of any exception in one line, and the exit status that belongs to it.
struct Verdict {
  std::string message;
  int status;
};
Verdict explain(const std::exception& e);

/// The candidate nearest to word ("did you mean"), or "" when none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?" or "".
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace couplet
