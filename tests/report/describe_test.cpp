#include "report/describe.h"

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "io/run.h"
#include "report/differences.h"
#include "report/report.h"
#include "testing.h"

using namespace couplet;

namespace {

/// A folder of its own with a small chain: data, two couplings of it, samples.
struct Chain {
  std::filesystem::path folder;
  Chain() {
    std::string name = std::filesystem::temp_directory_path() / "couplet-XXXXXX";
    folder = ::mkdtemp(name.data());
    write("data.h5", "dataset", {{"classes", 2}}, {}, 0);
    write("a.h5", "couplings", {{"eta", 0.1}, {"gaussianity", {{"energy", 0.02}, {"rows", 4}}}},
          {"data.h5"}, 1);
    write("b.h5", "couplings", {{"eta", 0.2}}, {"data.h5"}, 1);
    write("s-1.h5", "samples", {{"scale", 0.5}, {"shift", -1.0}}, {"a.h5", "b.h5"}, 2);
  }
  ~Chain() { std::filesystem::remove_all(folder); }
  std::string operator()(const std::string& name) const { return folder / name; }

  void write(const std::string& name, const std::string& kind, const json& facts,
             const std::vector<std::string>& parents, int64_t seed) {
    Run run;
    run.tool = "tool-" + kind, run.seed = seed, run.config = {{"train", {{"steps", 3}}}};
    std::vector<Label> labels;
    for (const auto& parent : parents) labels.push_back(read_label((*this)(parent)));
    write_artifact((*this)(name), run.label(kind, facts, labels), [&](h5::File& file) {
      file.write("x", at::arange(8, at::kFloat).reshape({4, 2}) + seed);
      file.write("label", at::tensor({0, 1, 1, -1}, at::kLong));
    });
  }
};

}  // namespace

TEST_CASE("a description tells kind, options, data and lineage") {
  const Chain chain;
  const json told = describe(chain("s-1.h5"));
  CHECK(told["kind"] == "samples");
  CHECK(told["format"] == format_number);
  CHECK(told["rows"] == 4);
  CHECK(told["labels"] == json{{"-1", 1}, {"0", 1}, {"1", 2}});
  CHECK(told["provenance"].size() == 4);
  const json& x = told["data"][1];
  CHECK(x == json{{"name", "x"},
                  {"type", "float32"},
                  {"sizes", {4, 2}},
                  {"low", 2.0},
                  {"high", 9.0},
                  {"mean", 5.5}});

  const std::string words = describe_text(told);
  for (const char* part :
       {"train.steps", "tool-couplings", "├─ a.h5", "└─ b.h5", "(as above)", "float32 [4,2]"}) {
    INFO(words);
    CHECK(words.find(part) != std::string::npos);
  }
}

TEST_CASE("numbers that are not finite are counted and left out of the range") {
  const Chain chain;
  Run run;
  run.tool = "sample";
  write_artifact(chain("n.h5"), run.label("samples", json::object(), {}), [](h5::File& file) {
    file.write("x", at::tensor({1.0, NAN, 3.0, -INFINITY}));
    file.write("empty", at::empty({0, 3}));
  });
  const json data = describe(chain("n.h5"))["data"];
  CHECK(data[0] == json{{"name", "empty"}, {"type", "float32"}, {"sizes", {0, 3}}});
  CHECK(data[1]["non_finite"] == 2);
  CHECK(data[1]["low"] == 1.0);
  CHECK(data[1]["mean"] == 2.0);
}

TEST_CASE("check accepts what was written and nothing else") {
  const Chain chain;
  check(chain("a.h5"));
  const int64_t offset = h5::File::open(chain("a.h5")).offset("x");
  {
    std::fstream file(chain("a.h5"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset + 5);
    file.put('\x11');
  }
  CHECK_THROWS_AS(check(chain("a.h5")), CheckFailed);
  std::filesystem::resize_file(chain("b.h5"), 600);
  CHECK_THROWS_AS(check(chain("b.h5")), Error);
  CHECK_THROWS_AS(check(chain("none.h5")), Error);
  std::ofstream(chain("text.h5")) << "no HDF5 at all";
  CHECK_THROWS_AS(describe(chain("text.h5")), Error);
}

TEST_CASE("differences name what differs, and nothing where content is equal") {
  const Chain chain;
  const json found = differences(chain("a.h5"), chain("b.h5"));
  CHECK(found["facts"]["eta"] == json{0.1, 0.2});
  CHECK(found["facts"]["gaussianity.energy"] == json{0.02, nullptr});
  CHECK_FALSE(found.contains("config"));
  CHECK_FALSE(found.contains("datasets"));

  const json other = differences(chain("a.h5"), chain("s-1.h5"));
  CHECK(other["kind"] == json{"couplings", "samples"});
  CHECK(other["datasets"]["x"]["max_abs"] == 1.0);
  CHECK(other["datasets"]["x"]["differ"] == json{8, 8});
  CHECK(differences_text(other).find("8 of 8 numbers differ, by at most 1") != std::string::npos);

  // The same content written twice, though uuid and time are not the same.
  Chain twin;
  CHECK(differences(chain("data.h5"), twin("data.h5")).empty());
}

TEST_CASE("a report of a chain is one page, the same each time, with everything in it") {
  const Chain chain;
  std::ofstream(chain("a.h5.jsonl")) << "{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"loss\":1.5}\n";
  std::ofstream(chain("fd.json")) << "{\"samples\":\"s-1.h5\",\"nfe\":1,\"fd\":3.25}\n{\"samples\":"
                                     "\"s-2.h5\",\"nfe\":2,\"fd\":2.5}\n";
  const std::vector<std::string> paths = {chain("a.h5"), chain("s-1.h5"), chain("a.h5.jsonl"),
                                          chain("fd.json")};
  const std::string html = report(paths, {});
  for (const char* part :
       {"3.25", "Samples", "couplings", "Lineage", "N(0, I)", "data.h5", "NFE"}) {
    INFO(part);
    CHECK(html.find(part) != std::string::npos);
  }
  CHECK(report(paths, {}) == html);
  std::ofstream(chain("odd.txt")) << "what is this";
  CHECK_THROWS_AS(report({chain("odd.txt")}, {}), Error);
}
