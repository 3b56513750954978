#include "report/series.h"

#include <cmath>

#include "report/names.h"
#include "testing.h"

using namespace couplet;

namespace {

/// A record as eval-fid prints it.
json record(const json& nfe, int64_t rows, json values, const std::string& reference = "data.h5") {
  values["rows"] = rows, values["non_finite"] = 0;
  if (!nfe.is_null()) values["nfe"] = nfe;
  values["sampling"] = {{"path", "s.h5"}, {"solver", "euler"}};
  values["protocol"] = {
      {"features",
       {{"pixels", {{"extractor", "pixels"}}},
        {"classifier",
         {{"extractor", "classifier"}, {"path", "f/digits.h5"}, {"content", "0123456789ab"}}}}},
      {"reference",
       {{"path", "d/" + reference}, {"content", "fedcba98"}, {"split", "train"}, {"rows", 1437}}}};
  return values;
}

const Series& of(const std::vector<Series>& all, const std::string& metric) {
  for (const Series& s : all) {
    if (s.term.name == metric) return s;
  }
  FAIL("no series of " << metric);
  return all[0];
}

}  // namespace

TEST_CASE("a model's name is its file's without the number of evaluations") {
  CHECK(model_name("demo/student-4.h5", 4) == "student");
  CHECK(model_name("demo/map-nfe32.h5", 32) == "map");
  CHECK(model_name("demo/student2-4.h5", 8) == "student2-4");
  CHECK(model_name("4.h5", 4) == "4");
}

TEST_CASE("series: a row a model, a column an NFE, references across, seeds in one cell") {
  const auto all =
      series_of({measured("teacher pairs", record(1, 100, {{"fd", 2.0}})),
                 measured("teacher pairs", record(4, 100, {{"fd", 1.0}, {"energy", 0.5}})),
                 measured("independent", record(1, 100, {{"fd", 8.0}})),
                 measured("independent", record(1, 100, {{"fd", 10.0}})),
                 measured("test split", record(nullptr, 60, {{"fd", 0.25}}))});
  REQUIRE(all.size() == 2);
  CHECK(all[0].term.name == "fd");
  CHECK(all[1].term.name == "energy");

  const Sheet fd = table_of(all[0]);
  CHECK(fd.head == std::vector<std::string>{"NFE", "1", "4"});
  REQUIRE(fd.rows.size() == 3);
  CHECK(fd.rows[0][1].best);
  CHECK(fd.rows[0][2].text == "1");
  CHECK(fd.rows[1][1].text == "9 ± 1.4");
  CHECK_FALSE(fd.rows[1][1].best);
  CHECK(fd.rows[1][2].text.empty());
  CHECK(fd.rows[2][0].text == "test split (60 rows)");
  CHECK(fd.rows[2][1].text == "0.25");
  CHECK(fd.rows[2][1].span == 2);
  // The protocol stands beside the numbers: extractor, rows, reference.
  for (const char* part : {"classifier digits.h5 [01234567]", "100 rows against data.h5 [fedcba98]",
                           "train split, 1437 rows", "Lower is better", "deviation over seeds"}) {
    INFO(fd.note);
    CHECK(fd.note.find(part) != std::string::npos);
  }
  REQUIRE(plot_of(all[0]).curves.size() == 3);
  CHECK(plot_of(all[0]).curves[2].mark == Mark::dashed);
  const auto fewer = series_of({measured("a", record(1, 100, {{"fd", 2.0}})),
                                measured("a", record(4, 100, {{"fd", 1.0}})),
                                measured("test split", record(nullptr, 40, {{"fd", 0.25}}))});
  CHECK(plot_of(fewer.at(0)).curves.size() == 1);  // biased by its few rows: in the table alone
  CHECK(plot_of(all[1]).curves.empty());
  CHECK(headline(all).find("lowest 1 by teacher pairs at NFE 4; at NFE 1 2 by teacher pairs") !=
        std::string::npos);
}

TEST_CASE("numbers against other references or of other rows are not set beside each other") {
  const auto all = series_of({measured("map", record(1, 100, {{"fd", 2.0}})),
                              measured("map", record(1, 100, {{"fd", 7.0}}, "truth.h5")),
                              measured("map", record(1, 50, {{"fd", 3.0}}))});
  REQUIRE(all.size() == 3);
  for (const Series& s : all) CHECK(s.models.at(0).numbers.at(1).size() == 1);
}

TEST_CASE("samples measured twice are not taken for two seeds") {
  json once = record(1, 100, {{"fd", 2.0}}), other = once;
  once["sampling"]["content"] = "one", other["sampling"]["content"] = "two";
  const auto fd = series_of({measured("map", once), measured("map", once), measured("map", other)});
  CHECK(fd.at(0).models.at(0).numbers.at(1).size() == 2);
}

TEST_CASE("no number of a record is lost, and companions stand beside theirs") {
  const json values = {{"kid", 0.02},
                       {"kid_deviation", 0.003},
                       {"kid_size", 200},
                       {"fid", 3.0},
                       {"fid_interval", {2.5, 3.5}},
                       {"precision", 0.8},
                       {"manifold_of", "classifier"},
                       {"strange", {{"inner", 4.0}, {"list", {5, 6}}}},
                       {"lost", nullptr}};
  const Measured m = measured("student", record(4, 100, values));
  CHECK(m.numbers.size() == 7);
  CHECK(m.numbers.at("kid").deviation == 0.003);
  CHECK(m.numbers.at("kid").of == "subsets of 200 rows");
  CHECK(m.numbers.at("fid").interval == std::vector<double>{2.5, 3.5});
  CHECK(m.numbers.at("strange.inner").value == 4);
  CHECK(m.numbers.at("strange.list.2").value == 6);
  CHECK(std::isnan(m.numbers.at("lost").value));  // JSON has no number that is not finite
  const auto all = series_of({m});
  CHECK(table_of(std::vector<Series>{of(all, "fid")}).rows[0][1].text == "3 [2.5, 3.5]");
  CHECK(table_of(of(all, "precision")).note.find("classifier digits.h5") != std::string::npos);
  CHECK(table_of(of(all, "kid")).note.find("subsets of 200 rows") != std::string::npos);

  json lost = record(4, 100, {{"fd", 1.0}});
  lost["non_finite"] = 3;
  CHECK(measured("student", lost).model == "student (3 rows not finite left out)");
}

TEST_CASE("repetitions come as a mean and its deviation") {
  const auto spread = [](double mean, double deviation) {
    return json{{"mean", mean}, {"deviation", deviation}, {"lowest", 0}, {"highest", 9}};
  };
  json repeats = record(nullptr, 0, {{"fd", spread(2, 0.1)}, {"kid_deviation", spread(1, 0)}});
  repeats["nfe"] = spread(4, 0), repeats["rows"] = spread(100, 0), repeats["repeats"] = 3;
  const Measured m = measured("student", repeats);
  CHECK_FALSE(m.reference);
  CHECK(m.nfe == 4);
  CHECK(m.rows == 100);
  CHECK(m.numbers.at("fd").value == 2);
  CHECK(m.numbers.at("fd").deviation == 0.1);
}

TEST_CASE("one model measured in several ways is told apart by what differs") {
  const auto by = [](const std::string& input) {
    json one = record(4, 100, {{"fd", 1.0}});
    one["protocol"]["features"]["classifier"]["input"] = input;
    return measured("student", one);
  };
  const Series fd = series_of({by("tf1"), by("pil")})[0];
  REQUIRE(fd.models.size() == 2);
  CHECK(fd.models[1].name == "student (input pil)");
  CHECK(fd.term.better == 0);  // not to be ranked
  CHECK(headline({fd}).empty());

  json euler = record(4, 100, {{"fd", 1.0}}), heun = euler;
  euler["samples"] = heun["samples"] = "student-4.h5", heun["sampling"]["solver"] = "heun";
  CHECK(names_of({euler, heun}, {}) ==
        std::vector<std::string>{"student (solver euler)", "student (solver heun)"});
  CHECK(names_of({euler, euler}, {}) == std::vector<std::string>{"student", "student"});
  json a = euler, b = euler;
  a["samples"] = "a/student-4.h5", b["samples"] = "b/student-4.h5";
  CHECK(names_of({a, b}, {}) == std::vector<std::string>{"a/student", "b/student"});
  a["sampling"]["seed"] = 0, b["sampling"]["seed"] = 1;
  CHECK(names_of({a, b}, {}) == std::vector<std::string>{"student", "student"});
}

TEST_CASE("a likelihood says how it was computed") {
  const json nll = {{"samples", "student.h5"},
                    {"model", "velocity-field"},
                    {"nll", 0.9},
                    {"nll_error", 0.01},
                    {"nats", 1.8},
                    {"rows", 200},
                    {"latent", 1.01},
                    {"protocol",
                     {{"solver", "rk4"},
                      {"steps", 20},
                      {"divergence", "exact"},
                      {"noise", "none"},
                      {"split", "test"},
                      {"reference", "d/moons.h5"}}}};
  const auto all = series_of({measured("student", nll)});
  REQUIRE(all.size() == 3);
  const Sheet sheet = table_of(all);
  CHECK(sheet.rows[0][1].text == "1.8");
  CHECK(sheet.rows[0][2].text == "0.9 ± 0.01");
  for (const char* part :
       {"moons.h5, test split", "rk4 in 20 steps, exact divergence", "standard error"}) {
    INFO(sheet.note);
    CHECK(sheet.note.find(part) != std::string::npos);
  }
}

TEST_CASE("files of one name are told apart by their folders unless they are repetitions") {
  const auto made = [](const char* path, int seed, const char* option) {
    return json{{"path", path}, {"seed", seed}, {"uuid", path}, {"argv", {"tool", "-s", option}}};
  };
  using Names = std::vector<std::string>;
  CHECK(model_names({made("a/0/map.h5", 0, "x=1"), made("a/1/map.h5", 1, "x=1")}) ==
        Names{"map", "map"});
  CHECK(model_names({made("a/map.h5", 0, "x=1"), made("b/map.h5", 0, "x=1")}) ==
        Names{"a/map", "b/map"});
  CHECK(model_names({made("a/map.h5", 0, "x=1"), made("b/map.h5", 1, "x=2")}) ==
        Names{"a/map", "b/map"});
}
