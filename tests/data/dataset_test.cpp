#include "data/dataset.h"

#include <filesystem>

#include "base/error.h"
#include "folder.h"
#include "testing.h"

using namespace couplet;
using Catch::Matchers::Contains;

namespace {

/// A run that writes one file, gone at the end.
struct FileRun : testing::Folder, Run {
  FileRun() : Run(testing::run_to(*this / "data.h5")) {}
};

DatasetContents bytes_with_labels() {
  DatasetContents contents;
  contents.x = at::arange(24).to(at::kByte).view({6, 1, 2, 2});
  contents.labels = at::tensor({0, 1, 2, 0, 1, -1}, at::kLong);
  contents.classes = 3, contents.train = 4;
  contents.scaling = {{2.0 / 16}, {-1}};
  contents.facts = {{"source", "here"}, {"steps", {"made up"}}};
  return contents;
}

}  // namespace

TEST_CASE("a dataset written and opened is the same, scaled and split", "[data]") {
  const FileRun run;
  const DatasetContents contents = bytes_with_labels();
  write_dataset(run, contents);
  const Dataset data = open_dataset(run.output);
  CHECK(at::equal(data.x, contents.x.all()));
  CHECK(at::equal(data.labels, contents.labels));
  CHECK(data.space == Space{{1, 2, 2}, 3});
  CHECK(data.is_bytes());
  CHECK(data.label.facts["steps"] == json::array({"made up"}));
  CHECK(split_rows(data, "train") == std::pair<int64_t, int64_t>{0, 4});
  CHECK(split_rows(data, "test") == std::pair<int64_t, int64_t>{4, 6});
  CHECK(split_rows(data, "all") == std::pair<int64_t, int64_t>{0, 6});
  CHECK_THROWS_AS(split_rows(data, "tset"), BadOption);
  for (const c10::Device device : testing::devices()) {
    const Tensor x = data.examples(at::tensor({5, 0}, at::kLong), device);
    CHECK(x.scalar_type() == at::kFloat);
    CHECK(testing::distance(x.cpu()[1].flatten(), at::arange(4) / 8. - 1) < 1e-6);
  }
}

TEST_CASE("a dataset without labels or test rows says so", "[data]") {
  const FileRun run;
  DatasetContents contents;
  contents.x = at::arange(6).to(at::kFloat).view({3, 2});
  contents.train = 3;
  write_dataset(run, contents);
  const Dataset data = open_dataset(run.output);
  CHECK(at::equal(data.labels, at::full({3}, -1, at::kLong)));
  CHECK(at::equal(data.examples(row_range(0, 3)), contents.x.all()));
  CHECK_THROWS_WITH(split_rows(data, "test"), Contains("has no test split"));
}

TEST_CASE("bytes scaled and brought back are the same", "[data]") {
  const Tensor all = at::arange(256).to(at::kByte);
  for (const Scaling& scaling : {Scaling{{2. / 255}, {-1}}, Scaling{{2. / 16}, {-1}}, Scaling{}}) {
    CHECK(at::equal(scaling.to_bytes(scaling.apply(all)), all));
    CHECK(Scaling::from_json(scaling.to_json()).scale == scaling.scale);
  }
  const Tensor beyond = Scaling{{2. / 255}, {-1}}.to_bytes(at::tensor({-3., 3.}, at::kFloat));
  CHECK(at::equal(beyond, at::tensor({0, 255}, at::kByte)));
}

TEST_CASE("a dataset that cannot be is refused, on writing and on opening", "[data]") {
  const FileRun run;
  const DatasetContents good = bytes_with_labels();
  DatasetContents bad = good;
  const Tensor numbers = good.x.all().to(at::kFloat);
  numbers[3][0][1][1] = NAN;
  bad.x = numbers;
  CHECK_THROWS_WITH(write_dataset(run, bad), Contains("x, row 3: holds a number that is not"));
  CHECK_FALSE(std::filesystem::exists(run.output));
  const json facts = {
      {"shape", {1, 2, 2}}, {"classes", 0}, {"train", 6}, {"scale", 1.}, {"shift", 0.}};
  write_artifact(run.output, run.label("dataset", facts, {}),
                 [&](h5::File& file) { file.write("x", numbers); });
  CHECK_THROWS_WITH(open_dataset(run.output), Contains("x, row 3"));
  bad = good, bad.classes = 2;
  CHECK_THROWS_WITH(write_dataset(run, bad), Contains("label, row 2: 2 is not in -1 .. 1"));
  bad = good, bad.train = 7;
  CHECK_THROWS_WITH(write_dataset(run, bad), Contains("7 training rows of 6"));
  bad = good, bad.labels = good.labels.narrow(0, 0, 5);
  CHECK_THROWS_WITH(write_dataset(run, bad), Contains("expected 6 rows"));
}

TEST_CASE("a dataset is written in parts, and goes on where it was stopped", "[data]") {
  const testing::Folder folder;
  DatasetContents contents;
  contents.x = at::arange(3 << 22, at::kFloat).view({3, 1 << 22});  // 16 MB a row
  contents.labels = at::tensor({0, 1, 0}, at::kLong);
  contents.classes = contents.train = 2;
  const auto written = [&](const std::string& name, int64_t stops) {
    Run run = testing::run_to(folder / name);
    run.stop = [&] { return stops-- > 0; };
    CHECK_THROWS_AS(write_dataset(run, contents), Unfinished);
    write_dataset(run, contents);
    return read_label(run.output).content;
  };
  Run run = testing::run_to(folder / "whole.h5");
  json facts = contents.scaling.to_json();
  facts.update({{"shape", {1 << 22}}, {"classes", 2}, {"train", 2}, {"storage", "f32"}});
  write_artifact(run.output, run.label("dataset", facts, {}), [&](h5::File& file) {
    file.write("x", contents.x.all());
    file.write("label", contents.labels);
  });
  CHECK(written("stopped.h5", 1) == read_label(run.output).content);

  run = testing::run_to(folder / "changed.h5");
  run.stop = [] { return true; };
  CHECK_THROWS_AS(write_dataset(run, contents), Unfinished);
  contents.facts = {{"source_hash", "another"}};
  run.stop = [] { return false; };
  CHECK_THROWS_WITH(write_dataset(run, contents), Contains("holds rows of other contents"));

  const Tensor numbers = contents.x.all();
  numbers[2][5] = INFINITY;
  contents.x = numbers;
  run = testing::run_to(folder / "bad.h5");
  CHECK_THROWS_WITH(write_dataset(run, contents), Contains("bad.h5, x, row 2: holds a number"));
  CHECK(std::filesystem::is_empty(run.partial("")));
}
