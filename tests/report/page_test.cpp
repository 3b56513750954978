#include "report/page.h"

#include "report/measures.h"
#include "testing.h"

using namespace couplet;

TEST_CASE("base64 as RFC 4648 has it") {
  const std::map<std::string, std::string> vectors = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"},
                                                      {"\xff\xfe", "//4="}};
  for (const auto& [bytes, coded] : vectors) CHECK(base64(bytes) == coded);
}

TEST_CASE("a page escapes texts, keeps markup and loads nothing") {
  Page page("a < b");
  page.section("one & two");
  page.table({"caption", {"", "x"}, {{"row \"1\"", "2"}, {"all", Cell("3", 2)}}});
  page.figures({{"<svg></svg>", "a figure"}});
  page.details("config", "{\"a\": 1}");
  const std::string html = page.html();
  CHECK(html.find("<title>a &lt; b</title>") != std::string::npos);
  CHECK(html.find("one &amp; two") != std::string::npos);
  CHECK(html.find("<td colspan=\"2\">3</td>") != std::string::npos);
  CHECK(html.find("<svg></svg>") != std::string::npos);
  for (const char* foreign : {"http://", "https://", "<script", "<link", "url("}) {
    CHECK(html.find(foreign) == std::string::npos);
  }
}

TEST_CASE("a model's name is its file's without the number of evaluations") {
  CHECK(model_name("demo/student-4.h5", 4) == "student");
  CHECK(model_name("demo/map-nfe32.h5", 32) == "map");
  CHECK(model_name("demo/student2-4.h5", 8) == "student2-4");
  CHECK(model_name("4.h5", 4) == "4");
}

TEST_CASE("measures: a row a model, a column an NFE, references across") {
  const auto record = [](const json& nfe, int64_t rows, json values) {
    values["rows"] = rows, values["samples"] = {{"nfe", nfe}};
    return values;
  };
  const std::vector<Measured> all = {
      measured("teacher pairs", record(1, 100, {{"fd", 2.0}})),
      measured("teacher pairs", record(4, 100, {{"fd", 1.0}, {"energy", 0.5}})),
      measured("independent", record(1, 100, {{"fd", 8.0}})),
      measured("independent", record(1, 100, {{"fd", 10.0}})),
      measured("independent", record(32, 50, {{"fd", 77.0}, {"curvature", 0.1}})),
      measured("test split", record(nullptr, 30, {{"fd", 0.25}}))};
  CHECK(metrics_of(all) == std::vector<std::string>{"fd", "energy", "curvature"});

  const Sheet fd = table_of(all, "fd");
  CHECK(fd.head == std::vector<std::string>{"NFE", "1", "4"});
  REQUIRE(fd.rows.size() == 3);
  CHECK(fd.rows[0][2].text == "1");
  CHECK(fd.rows[1][1].text == "9 ± 1.414");
  CHECK(fd.rows[1][2].text.empty());
  CHECK(fd.rows[2][0].text == "test split (30 rows)");
  CHECK(fd.rows[2][1].text == "0.25");
  CHECK(fd.rows[2][1].span == 2);
  CHECK(table_of(all, "curvature").rows.size() == 1);

  REQUIRE(plot_of(all, "fd").curves.size() == 3);
  CHECK(plot_of(all, "fd").curves[2].dashed);
  CHECK(plot_of(all, "curvature").curves.empty());
}
