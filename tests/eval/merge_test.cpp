#include "eval/merge.h"

#include "base/error.h"
#include "base/random.h"
#include "folder.h"
#include "io/rows.h"
#include "io/samples.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// Rows [begin, end) of the samples of a seed, as sample would write them.
struct Sampling {
  int64_t begin, end;
  uint64_t seed = 1;
  std::string model = "m";
  json facts = {{"solver", "heun"}, {"nfe", 4}}, config = {{"steps", 2}};
  bool adaptive = false, provenance = true;
};

std::string write_samples(const std::string& path, const Sampling& how) {
  Run run = run_to(path, how.seed);
  run.tool = "sample", run.config = how.config, run.provenance = how.provenance;
  const Tensor row = row_range(how.begin, how.end);
  Label model;
  model.uuid = how.model;
  model.provenance = json::array({{{"uuid", how.model}, {"content", "hash of " + how.model}}});
  json facts = how.facts;
  facts.update({{"shape", {3}}, {"classes", 0}, {"scale", 1.0}, {"shift", 0.0}});
  if (how.adaptive) facts["nfe"] = 2 * row.to(at::kDouble).mean().item<double>();
  write_artifact(path, run.label("samples", facts, {model}), [&](h5::File& file) {
    file.write("x", run.random.normal(row, {3}));
    file.write("row", row);
    file.write("label", at::full_like(row, -1));
    if (how.adaptive) file.write("nfe", row.to(at::kFloat) * 2);
  });
  return path;
}

}  // namespace

TEST_CASE("Samples made in pieces become those made at once", "[eval]") {
  const Folder folder;
  for (const bool adaptive : {false, true}) {
    const auto made = [&](const std::string& name, int64_t begin, int64_t end) {
      return write_samples(folder / name, {.begin = begin, .end = end, .adaptive = adaptive});
    };
    const std::string whole = made("whole.h5", 2, 12);
    Run run = run_to(folder / text("merged", adaptive, ".h5"));
    run.config = {{"other", 1}};
    merge_pieces({made("c.h5", 9, 12), made("a.h5", 2, 6), made("b.h5", 6, 9)}, run);
    CHECK(read_label(run.output).content == read_label(whole).content);
    CHECK(read_samples(run.output).row[0].item<int64_t>() == 2);
  }
}

TEST_CASE("Samples that are not of one whole are refused", "[eval]") {
  const Folder folder;
  const std::string first = write_samples(folder / "first.h5", {.begin = 0, .end = 4});
  const auto refused = [&](const Sampling& other, const std::string& message) {
    const std::string second = write_samples(folder / "second.h5", other);
    CHECK_THROWS_WITH(merge_pieces({first, second}, run_to(folder / "out.h5")), contains(message));
  };
  refused({.begin = 4, .end = 6, .seed = 2}, "second.h5 and ");
  refused({.begin = 4, .end = 6, .seed = 2}, "they differ in seed");
  refused({.begin = 4, .end = 6, .model = "other"}, "they differ in model");
  refused({.begin = 4, .end = 6, .facts = {{"solver", "rk4"}, {"nfe", 4}}},
          "differ in facts/solver");
  refused({.begin = 4, .end = 6, .config = {{"steps", 3}}}, "they differ in config/steps");
  refused({.begin = 4, .end = 6, .adaptive = true}, "they differ in ");
  refused({.begin = 3, .end = 6}, "second.h5: rows 3 to 3 are there twice");
  refused({.begin = 0, .end = 4}, "rows 0 to 3 are there twice");
  refused({.begin = 6, .end = 8}, "rows 4 to 5 are missing, before those of");
  refused({.begin = 4, .end = 6, .provenance = false}, "does not tell of what model and seed");
  CHECK_THROWS_WITH(merge_pieces({first, folder / "absent.h5"}, run_to(folder / "out.h5")),
                    contains("there is no such file"));
}
