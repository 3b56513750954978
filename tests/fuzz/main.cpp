// Feeds every reader with damaged files: fuzz [--count N] [--from NUMBER] [--keep FOLDER] [READER…]
// Each must be read, or refused by an error that is one of ours, within seconds, and take no more
// memory than its size justifies. What does not is kept in a folder; exit status 1.
#include <ATen/Parallel.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "base/error.h"
#include "memory.h"
#include "mutation.h"
#include "readers.h"

using namespace couplet;
using namespace couplet::fuzz;
namespace fs = std::filesystem;

namespace {

constexpr int seconds_each = 20;
constexpr int64_t always = 64 << 20;  // bytes: buffers, whatever the file

/// What a child process tells, in memory that both see.
struct Progress {
  uint64_t number;  ///< being read
  uint64_t read, refused;
  double slowest;     ///< seconds
  int64_t largest;    ///< bytes at once
  double most_times;  ///< of the file's size, beyond what is always allowed
  char failure[400];  ///< "" where all is well
};

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Every other input has its checksums put right, where there are some.
std::string input(const Reader& reader, uint64_t number) {
  const std::string bytes = mutated(reader.seeds, number);
  return reader.mend && number % 2 == 0 ? reader.mend(bytes) : bytes;
}

/// Reads one input; "" or what is wrong.
std::string try_one(const Reader& reader, const std::string& path, size_t size, Progress& told) {
  const auto begin = std::chrono::steady_clock::now();
  const int64_t before = allocated();
  forget_peak();
  std::string failure;
  try {
    reader.read(path);
    ++told.read;
  } catch (const Error&) {
    ++told.refused;
  } catch (const std::exception& e) {
    failure = std::string("an error that is not ours: ") + e.what();
  }
  const int64_t taken = peak() - before;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  told.slowest = std::max(told.slowest, seconds.count());
  told.largest = std::max(told.largest, taken);
  const int64_t most = always + reader.bytes_a_byte * static_cast<int64_t>(size);
  if (failure.empty() && taken > most) {
    failure = text("took ", taken, " bytes of memory, at most ", most, " for a file of ", size);
  }
  return failure;
}

/// The child: numbers from … count - 1, until one goes wrong.
[[noreturn]] void run_child(const Reader& reader, uint64_t count, const std::string& path,
                            Progress& told) {
  count_memory();
  for (; told.number < count; ++told.number) {
    const std::string bytes = input(reader, told.number);
    write_file(path, bytes);
    ::alarm(seconds_each);
    const std::string failure = try_one(reader, path, bytes.size(), told);
    ::alarm(0);
    if (!failure.empty()) {
      failure.copy(told.failure, sizeof told.failure - 1);
      std::_Exit(1);
    }
  }
  std::_Exit(0);
}

/// How a child ended, "" where it did all.
std::string ending_of(int status, const Progress& told) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  if (told.failure[0] != '\0') return told.failure;
  if (!WIFSIGNALED(status)) return text("left with status ", WEXITSTATUS(status));
  if (WTERMSIG(status) == SIGALRM) return text("took more than ", seconds_each, " seconds");
  return text("crashed: ", ::strsignal(WTERMSIG(status)));
}

/// Failures of a reader; a child that died is followed by one that goes on behind it.
int64_t run_reader(const Reader& reader, uint64_t from, uint64_t count, const std::string& keep) {
  void* shared =
      ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Progress& told = *new (shared) Progress{.number = from};
  const std::string path = keep + "/input" + reader.ending;
  const auto begin = std::chrono::steady_clock::now();
  int64_t failures = 0;
  while (told.number < count && failures < 20) {
    told.failure[0] = '\0';
    const pid_t child = ::fork();
    if (child == 0) run_child(reader, count, path, told);
    int status = 0;
    ::waitpid(child, &status, 0);
    const std::string failure = ending_of(status, told);
    if (failure.empty()) break;
    const std::string kept = text(keep, "/", reader.name, "-", told.number, reader.ending);
    write_file(kept, input(reader, told.number));
    std::cout << reader.name << " " << told.number << ": " << failure << " (" << kept << ")\n";
    ++failures, ++told.number;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::cout << text(reader.name, ": ", told.number - from, " inputs, ", told.read, " read, ",
                    told.refused, " refused, ", failures, " failures; at most ",
                    static_cast<int64_t>(1000 * told.slowest), " ms, ", told.largest >> 10,
                    " KiB each; ", static_cast<int64_t>(seconds.count()), " s")
            << std::endl;
  ::munmap(shared, sizeof(Progress));
  std::error_code ignored;
  fs::remove(path, ignored);
  return failures;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t count = 300, from = 0;
  std::string keep = fs::temp_directory_path() / text("couplet-fuzz-", ::getpid());
  std::set<std::string> chosen;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--count" && i + 1 < argc) {
      count = std::stoull(argv[++i]);
    } else if (word == "--from" && i + 1 < argc) {
      from = std::stoull(argv[++i]);
    } else if (word == "--keep" && i + 1 < argc) {
      keep = argv[++i];
    } else {
      chosen.insert(word);
    }
  }
  fs::create_directories(keep);
  at::set_num_threads(1);  // children have no threads but their own
  int64_t failures = 0;
  for (const Reader& reader : readers(keep, COUPLET_SOURCE_DIR)) {
    if (!chosen.empty() && !chosen.contains(reader.name)) continue;
    failures += run_reader(reader, from, from + count, keep);
  }
  std::error_code ignored;
  if (failures == 0) fs::remove_all(keep, ignored);
  return failures == 0 ? 0 : 1;
}
