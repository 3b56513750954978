#include "io/rows.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "base/error.h"
#include "folder.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const std::vector<Column> layout = {
    {"x", at::kFloat, {2, 3}}, {"label", at::kLong, {}}, {"flag", at::kByte, {5}}};
constexpr int64_t count = 40;

Tensors some_rows(int64_t begin, int64_t end) {
  const Tensor rows = row_range(begin, end);
  return {{"x", Random(1).normal(rows, {2, 3})},
          {"label", rows},
          {"flag", rows.unsqueeze(1).expand({end - begin, 5})}};  // long here, bytes in the file
}

Label label_of(const Run& run) { return run.label("samples", {{"classes", 0}}, {}); }

/// Appends rows, four at a time, up to end, with the sum so far as a note.
void fill(RowFile& file, int64_t end) {
  while (file.done() < end) {
    const int64_t begin = file.done(), next = std::min(end, begin + 4);
    file.put(begin, some_rows(begin, next));
    file.advance(next, json{{"up to", next}});
  }
}

std::string whole_file(const std::string& path) {
  const Run run = run_to(path);
  RowFile file(run, count, layout);
  fill(file, count);
  file.seal(label_of(run));
  return read_label(path).content;
}

}  // namespace

TEST_CASE("A file of rows holds them all", "[io]") {
  const Folder folder;
  whole_file(folder / "a.h5");
  const Artifact artifact = open_artifact(folder / "a.h5", {"samples"});
  for (const auto& [name, value] : some_rows(0, count)) {
    CHECK(distance(artifact.file.read(name), value) == 0);
  }
  CHECK(artifact.file.type("flag") == at::kByte);
}

TEST_CASE("Rows go on where they were kept, to the same file", "[io]") {
  const Folder folder;
  const std::string expected = whole_file(folder / "a.h5");
  for (const int64_t stop : {0, 4, 17, 39}) {
    INFO("stopped at " << stop);
    const Run run = run_to(folder / ("b" + std::to_string(stop) + ".h5"));
    {
      RowFile file(run, count, layout);
      CHECK(file.done() == 0);
      CHECK(file.note().is_null());
      fill(file, stop);
      CHECK_THROWS_AS(file.pause(), Unfinished);
    }
    {
      RowFile file(run, count, layout);  // nothing more is kept: the rows are written again
      CHECK(file.done() == stop);
      if (stop > 0) CHECK(file.note() == json{{"up to", stop}});
      fill(file, std::min(count, stop + 3));
    }
    RowFile file(run, count, layout);
    CHECK((file.done() == stop || file.done() == count));
    fill(file, count);
    CHECK(at::equal(file.finished().read("label"), row_range(0, count)));
    file.seal(label_of(run));
    CHECK(read_label(run.output).content == expected);
  }
}

TEST_CASE("A file torn while it got its label is mended", "[io]") {
  const Folder folder;
  const std::string expected = whole_file(folder / "a.h5");
  int i = 0;
  const auto check = [&](const std::function<void(const std::string&, std::string&)>& tear) {
    const Run run = run_to(folder / ("b" + std::to_string(i++) + ".h5"));
    INFO("tear " << i);
    std::string torn;
    {
      RowFile file(run, count, layout);
      fill(file, count);
      const std::string before = read_bytes(run.partial("rows.h5"));
      file.seal(label_of(run));
      torn = read_bytes(run.output);
      tear(before, torn);
    }
    std::filesystem::remove(run.output);
    write_bytes(run.partial("rows.h5"), torn);
    RowFile file(run, count, layout);
    CHECK(file.done() == count);
    file.seal(label_of(run));
    CHECK(open_artifact(run.output).label.content == expected);
  };
  // The whole label is there, only the name is missing.
  check([](const std::string&, std::string&) {});
  // The head is new, what it points to is not; and the other way round.
  check([](const std::string& before, std::string& torn) { torn.resize(before.size()); });
  check([](const std::string& before, std::string& torn) { torn.replace(0, 64, before, 0, 64); });
  // Garbage where the head is.
  check([](const std::string&, std::string& torn) { torn.replace(0, 90, 90, 'x'); });
}

TEST_CASE("A note that cannot be read begins anew", "[io]") {
  const Folder folder;
  const Run run = run_to(folder / "a.h5");
  {
    RowFile file(run, count, layout);
    fill(file, 8);
    file.keep();
  }
  write_bytes(run.partial("progress.json"), "{\"done\": 8, ");
  RowFile file(run, count, layout);
  CHECK(file.done() == 0);
}

TEST_CASE("No room for the rows is an error before any work", "[io]") {
  const Folder folder;
  const Run run = run_to(folder / "a.h5");
  struct rlimit before;
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct rlimit less = before;
  less.rlim_cur = 1 << 20;
  std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &less) == 0);
  std::string message;
  try {
    RowFile(run, 1 << 20, layout);
  } catch (const Error& e) {
    message = e.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  INFO(message);
  CHECK(message.find("a.h5") != std::string::npos);
  CHECK(std::filesystem::is_empty(run.partial("")));
}
