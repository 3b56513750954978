#include "data/conversion.h"

#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/options.h"
#include "formats/npz.h"
#include "formats/png.h"
#include "testing.h"

using namespace couplet;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

const std::string digits = COUPLET_SOURCE_DIR "/data/digits.csv.gz";

/// What couplet-convert does, into a folder that is gone at the end.
struct Conversions {
  fs::path folder = fs::temp_directory_path() / text("couplet-convert-", getpid());
  Conversions() { fs::create_directories(folder); }
  ~Conversions() { fs::remove_all(folder); }

  std::string operator()(const std::string& input, const json& given, const std::string& output) {
    Run run;
    run.output = folder / output;
    fs::create_directories(run.partial(""));
    const auto options = read_options<ConversionOptions>(given);
    Subject subject = read_subject(input, options, run);
    process(subject.contents, options, run);
    write_subject(subject, options, run);
    return run.output;
  }
};

}  // namespace

TEST_CASE("the digits become a dataset, arrays and a grid", "[data]") {
  Conversions convert;
  const json how = {{"shape", {1, 8, 8}}, {"range", 16}, {"test", 0.2}, {"licence", "CC BY 4.0"}};
  const std::string path = convert(digits, how, "digits.h5");
  const Dataset data = open_dataset(path);
  CHECK(data.rows() == 1797);
  CHECK(data.train == 1437);
  CHECK(data.space == Space{{1, 8, 8}, 10});
  CHECK(data.x.max().item<int>() == 16);
  CHECK(data.label.facts["source"] == "digits.csv.gz");
  CHECK(data.label.facts["source_hash"] == hash_file(digits));
  CHECK(data.label.facts["licence"] == "CC BY 4.0");
  CHECK(data.label.facts["steps"].size() == 4);

  const Tensors arrays = read_npz(convert(path, json::object(), "digits.npz"));
  CHECK(at::equal(arrays.at("x"), data.x));
  CHECK(at::equal(arrays.at("label"), data.labels));
  CHECK(arrays.at("train").item<int64_t>() == 1437);
  CHECK(arrays.at("source_row").size(0) == 1797);
  const Dataset back =
      open_dataset(convert(convert.folder / "digits.npz", {{"range", 16}}, "b.h5"));
  CHECK(at::equal(back.x, data.x));
  CHECK(back.train == data.train);
  CHECK(back.scaling.scale == data.scaling.scale);
  const Dataset told = open_dataset(convert(convert.folder / "digits.npz", json::object(), "t.h5"));
  CHECK(told.scaling.scale == data.scaling.scale);
  CHECK(told.scaling.shift == data.scaling.shift);

  const Tensor grid = read_png(convert(path, {{"columns", 6}}, "grid.png"));
  CHECK(grid.sizes() == at::IntArrayRef({8 * (10 * 9 - 1), 8 * (6 * 9 - 1)}));
  const std::string few = convert(path, {{"columns", 4}, {"rows", 8}}, "few.png");
  CHECK(read_png(few).size(0) == 8 * (2 * 9 - 1));
}

TEST_CASE("points of laws and pictures become datasets", "[data]") {
  Conversions convert;
  const json some = {{"rows", 200}, {"test", 0.1}};
  const Dataset moons = open_dataset(convert("law:two-moons", some, "moons.h5"));
  CHECK(moons.x.sizes() == at::IntArrayRef({200, 2}));
  CHECK(moons.train == 180);
  CHECK_FALSE(moons.is_bytes());
  const std::string rose = COUPLET_SOURCE_DIR "/data/densities/rose.png";
  CHECK(open_dataset(convert(rose, {{"rows", 300}, {"density", true}}, "rose.h5")).train == 300);
  CHECK_THROWS_WITH(convert(rose, json::object(), "x.h5"), Contains("density=true"));
  CHECK_THROWS_WITH(convert("law:two-moons", json::object(), "x.h5"), Contains("how many points"));
}

TEST_CASE("an option without effect is refused", "[data]") {
  Conversions convert;
  CHECK_THROWS_AS(convert(digits, {{"rows", 5}}, "x.h5"), BadOption);
  CHECK_THROWS_AS(convert(digits, {{"columns", 5}}, "x.npz"), BadOption);
  CHECK_THROWS_AS(convert(digits, {{"test", 0.5}}, "x.png"), BadOption);
  CHECK_THROWS_WITH(convert("law:gaussian", {{"rows", 9}, {"pad", 4}}, "x.h5"),
                    Contains("option 'pad' has no effect on law:gaussian -> .h5"));
  CHECK_THROWS_WITH(convert(digits, json::object(), "x.txt"),
                    Contains("ends in .h5 (dataset), .npz (arrays)"));
  const std::string split = convert("law:gaussian", {{"rows", 20}, {"test", 0.5}}, "split.h5");
  CHECK_THROWS_WITH(convert(split, {{"test", 0.5}}, "x.h5"), Contains("split already"));
}
