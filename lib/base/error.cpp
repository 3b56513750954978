#include "base/error.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>

namespace couplet {

namespace {

std::string first_line(std::string s) { return s.substr(0, s.find('\n')); }

std::string message_of(const std::exception& e) {
  if (const auto* torch = dynamic_cast<const c10::Error*>(&e)) {
    return first_line(torch->what_without_backtrace());
  }
  if (dynamic_cast<const std::bad_alloc*>(&e)) return "out of memory; try a smaller batch";
  return first_line(e.what());
}

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

void rethrow_within(const std::string& context) {
  try {
    throw;
  } catch (const BadOption& e) {
    throw BadOption(context + ": " + e.what());
  } catch (const CheckFailed& e) {
    throw CheckFailed(context + ": " + e.what());
  } catch (const Unfinished&) {
    throw;
  } catch (const std::exception& e) {
    throw Error(context + ": " + message_of(e));
  }
}

Verdict explain(const std::exception& e) {
  int status = 1;
  if (dynamic_cast<const BadOption*>(&e)) status = 2;
  if (dynamic_cast<const CheckFailed*>(&e)) status = 3;
  if (dynamic_cast<const Unfinished*>(&e)) status = 75;
  if (dynamic_cast<const NothingKept*>(&e)) status = 1;
  return {message_of(e), status};
}

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 2) + 1;
  for (const auto& candidate : candidates) {
    const size_t d = edit_distance(word, candidate);
    if (d < best_distance) best = candidate, best_distance = d;
  }
  return best;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string best = nearest(word, candidates);
  return best.empty() ? "" : "; did you mean '" + best + "'?";
}

}  // namespace couplet
