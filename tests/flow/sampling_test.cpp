#include "flow/sampling.h"

#include "folder.h"
#include "io/samples.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("Rows are FIRST-LAST or a count", "[flow]") {
  const auto is = [](const char* given, int64_t begin, int64_t end) {
    const SampleRows rows = parse_rows(given);
    return rows.begin == begin && rows.end == end;
  };
  CHECK(is("100", 0, 100));
  CHECK(is("0-99", 0, 100));
  CHECK(is("7-7", 7, 8));
  CHECK(is("5000000000-5000000009", 5000000000, 5000000010));
  for (const char* wrong : {"", "0", "-5", "5-", "9-3", "1-2-3", "ten", " 5", "1e4", "0x10", "1.5",
                            "99999999999999999999"}) {
    INFO("'" << wrong << "'");
    CHECK_THROWS_AS(parse_rows(wrong), BadOption);
  }
}

TEST_CASE("Rows decide noise and labels, whatever the batch", "[flow]") {
  const Space space{{2, 3}, 4};
  const Requests each(space, "each", Random(3));
  const Tensor rows = row_range(0, 64), x0 = each.x0(rows);
  CHECK(x0.sizes() == at::IntArrayRef({64, 2, 3}));
  CHECK(at::equal(each.x0(row_range(20, 33)), x0.slice(0, 20, 33)));
  CHECK(at::equal(each.x0(rows.flip(0)), x0.flip(0)));
  CHECK(at::equal(each.labels(rows), rows.remainder(4)));
  CHECK(at::equal(Requests(space, "3", Random(3)).labels(rows), at::full({64}, 3, at::kLong)));
  const Tensor none = at::full({64}, -1, at::kLong);
  CHECK(at::equal(Requests(space, "none", Random(3)).labels(rows), none));
  CHECK(at::equal(Requests({{2}, 0}, "each", Random(3)).labels(rows), none));
  CHECK(at::equal(Requests(space, "none", Random(3)).x0(rows), x0));  // the label moves no noise
  for (const char* wrong : {"4", "-1", "", "all", "1.0", "99999999999"}) {
    INFO("'" << wrong << "'");
    CHECK_THROWS_AS(Requests(space, wrong, Random(3)), BadOption);
  }
  CHECK_THROWS_AS(Requests({{2}, 0}, "0", Random(3)), BadOption);
}

TEST_CASE("Samples do not depend on the batch or on interruptions", "[flow]") {
  const Folder folder;
  const Space space{{1, 2, 2}, 3};
  Generator generator;
  generator.generate = [](const Tensor& x0, const Tensor& label, const Tensor&) {
    return x0 * expand_to(label + 1, x0);
  };
  const auto write = [&](const std::string& name, const char* range, int64_t batch, int stops,
                         bool as_bytes) {
    Run run = run_to(folder / name);
    run.stop = [&] { return stops-- > 0; };
    const SampleRows rows = parse_rows(range);
    const std::map<std::string, ColumnOf> columns = {
        {"size", {[](const Made& made) { return made.x0.flatten(1).square().sum(1); }}}};
    while (true) {
      try {
        RowFile file(run, rows.end - rows.begin,
                     {{"x", as_bytes ? at::kByte : at::kFloat, space.shape},
                      {"label", at::kLong, {}},
                      {"row", at::kLong, {}},
                      {"size", at::kFloat, {}}});
        sample_rows(generator, Requests(space, "each", Random(5)), rows, batch, {{1.0 / 64}, {-2}},
                    as_bytes, columns, run, file);
        file.seal(run.label("samples", {{"shape", space.shape}, {"classes", 3}}, {}));
        return read_samples(run.output);
      } catch (const Unfinished&) {
      }
    }
  };
  const Samples all = write("a.h5", "0-49", 64, 0, false);
  CHECK(at::equal(all.row, row_range(0, 50)));
  CHECK(at::equal(all.label, row_range(0, 50).remainder(3)));
  const auto content = [](const Samples& s) { return s.artifact.label.content; };
  CHECK(content(write("b.h5", "0-49", 7, 0, false)) == content(all));
  CHECK(content(write("c.h5", "0-49", 7, 3, false)) == content(all));
  const Samples some = write("d.h5", "20-29", 4, 0, false);
  CHECK(at::equal(some.x, all.x.slice(0, 20, 30)));
  CHECK(at::equal(some.columns.at("size"), all.columns.at("size").slice(0, 20, 30)));
  const Samples bytes = write("e.h5", "0-49", 16, 0, true);
  CHECK(distance(bytes.x, all.x.round().clamp(0, 255)) == 0);
}
