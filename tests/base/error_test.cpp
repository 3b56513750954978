#include "base/error.h"

#include <new>

#include "testing.h"

using namespace couplet;

TEST_CASE("Errors tell their parts, their place and their exit status", "[base]") {
  CHECK_NOTHROW(require(true, "fine"));
  CHECK_THROWS_WITH(require(false, "x has ", 3, " rows, expected ", 4), "x has 3 rows, expected 4");
  CHECK_THROWS_AS(require_option(false, "no"), BadOption);

  const auto verdict = [](const auto& thrower) {
    try {
      within("file.h5, row 3", thrower);
    } catch (const std::exception& e) {
      return explain(e);
    }
    return Verdict{"nothing", 0};
  };
  const auto same = [](const Verdict& v, const std::string& message, int status) {
    return v.message == message && v.status == status;
  };
  CHECK(same(verdict([] { fail("is torn"); }), "file.h5, row 3: is torn", 1));
  CHECK(same(verdict([] { throw BadOption("no"); }), "file.h5, row 3: no", 2));
  CHECK(same(verdict([] { throw CheckFailed("no"); }), "file.h5, row 3: no", 3));
  CHECK(same(verdict([] { throw Unfinished("stopped"); }), "stopped", 75));
  CHECK(same(verdict([] { throw NothingKept("stopped"); }), "stopped", 1));
  CHECK(within("anywhere", [] { return 7; }) == 7);
}

TEST_CASE("LibTorch's errors are cut to one line", "[base]") {
  try {
    within("loss", [] { at::zeros({2, 3}).matmul(at::zeros({2, 3})); });
    FAIL("nothing was thrown");
  } catch (const Error& e) {
    const std::string message = e.what();
    CHECK(message.starts_with("loss: mat1 and mat2"));
    CHECK(message.find('\n') == std::string::npos);
  }
  CHECK(explain(std::bad_alloc()).message.find("smaller batch") != std::string::npos);
}

TEST_CASE("The nearest candidate is named, unless all are far", "[base]") {
  const std::vector<std::string> names = {"steps", "batch", "lr", "lr_end"};
  CHECK(nearest("stps", names) == "steps");
  CHECK(nearest("lr_ned", names) == "lr_end");
  CHECK(nearest("steps", names) == "steps");
  CHECK(nearest("sbatch", names) == "batch");
  CHECK(nearest("temperature", names).empty());
  CHECK(nearest("anything", {}).empty());
  CHECK(did_you_mean("bach", names) == "; did you mean 'batch'?");
  CHECK(did_you_mean("temperature", names).empty());
}
