#include "report/gallery.h"

#include "folder.h"
#include "report/paths.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// A samples file of some rows of a seed; paths: with ways of three points.
Given write_samples(const Folder& folder, const std::string& name, const Tensor& rows, int64_t nfe,
                    const std::vector<int64_t>& shape, int64_t seed = 0, bool paths = false) {
  Run run = run_to(folder / name);
  run.tool = "sample", run.seed = seed;
  const Label label = run.label("samples", {{"nfe", nfe}, {"solver", "euler"}, {"steps", 2}}, {});
  write_artifact(run.output, label, [&](h5::File& file) {
    const Tensor x = Random(7).normal(rows, shape);
    file.write("x", x);
    file.write("row", rows);
    if (paths) file.write("path", at::stack({0 * x, x / 2, x}, 1));
  });
  return {run.output, read_label(run.output)};
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("samples stand by model and evaluations, the same rows of each") {
  const Folder folder;
  const std::vector<int64_t> shape{1, 4, 4};
  const std::vector<Given> files = {
      write_samples(folder, "a-1.h5", row_range(0, 30), 1, shape),
      write_samples(folder, "a-4.h5", row_range(10, 40).flip(0), 4, shape),
      write_samples(folder, "b-1.h5", row_range(0, 30), 1, shape),
      write_samples(folder, "teacher.h5", row_range(0, 30), 0, shape)};
  const auto samples = samples_of(files);
  const Gallery found = gallery({}, samples, 5, 5);
  CHECK(found.head == std::vector<std::string>{"", "NFE 1", "NFE 4"});
  REQUIRE(found.rows.size() == 2);
  CHECK(found.rows[0][0] == "a");
  CHECK(found.rows[0][1].find("data:image/png") != std::string::npos);
  // Rows of one number are one picture: those that all files hold.
  const auto bytes = [](const std::string& markup) { return markup.substr(markup.find("src=")); };
  CHECK(bytes(found.rows[0][1]) == bytes(found.rows[0][2]));
  CHECK(bytes(found.rows[0][1]) == bytes(found.rows[1][1]));
  CHECK(found.rows[1][2].empty());
  REQUIRE(found.alone.size() == 1);
  CHECK(found.alone[0].caption == "teacher");
  CHECK(found.caption.find("the noise of seed 0") != std::string::npos);
}

TEST_CASE("samples of other seeds are called so, and none hides another") {
  const Folder folder;
  const Gallery found =
      gallery({},
              samples_of({write_samples(folder, "a-1.h5", row_range(0, 9), 1, {2}, 3),
                          write_samples(folder, "b-1.h5", row_range(0, 9), 1, {2}, 4)}),
              5, 5);
  REQUIRE(found.rows.size() == 2);
  CHECK(found.rows[0][0] == "a, seed 3");
  CHECK(found.rows[1][0] == "b, seed 4");
  CHECK(found.caption.find("the noise of") == std::string::npos);
  CHECK(count(found.rows[0][1], "h0") == 9);  // a dot for each point
}

TEST_CASE("paths in the plane are drawn, each from its noise to its end") {
  const Folder folder;
  const Given with = write_samples(folder, "a-2.h5", row_range(0, 9), 2, {2}, 0, true);
  const Given without = write_samples(folder, "b-2.h5", row_range(0, 9), 2, {2});
  const Given image = write_samples(folder, "c-2.h5", row_range(0, 9), 2, {1, 2, 2}, 0, true);
  CHECK(holds_paths(with));
  CHECK_FALSE(holds_paths(without));
  CHECK_FALSE(holds_paths(image));
  const auto figures = path_figures(samples_of({with, without, image}), 6);
  REQUIRE(figures.size() == 1);
  const std::string& svg = figures[0].markup;
  const size_t line = svg.find("stroke-width=\"0.6\"");
  REQUIRE(line != std::string::npos);
  const std::string path =
      svg.substr(svg.rfind("<path d=", line), line - svg.rfind("<path d=", line));
  CHECK(count(path, "M") == 6);
  CHECK(count(path, "L") == 12);
  CHECK(figures[0].caption.find("6 paths, 2 steps of euler") != std::string::npos);
}
