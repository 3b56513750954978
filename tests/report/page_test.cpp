#include "report/page.h"

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
  page.paragraph("what stands before the first section comes before the contents");
  page.section("one & two");
  page.section("three");
  page.list({"<item>"});
  page.table({"caption", {"", "x"}, {{"row \"1\"", "2"}, {"all", Cell("3", 2)}}});
  page.figures({{"<svg></svg>", "a figure"}});
  page.details("config", "{\"a\": 1}");
  const std::string html = page.html();
  CHECK(html.find("<title>a &lt; b</title>") != std::string::npos);
  CHECK(html.find("one &amp; two") != std::string::npos);
  CHECK(html.find("<td colspan=\"2\">3</td>") != std::string::npos);
  CHECK(html.find("<svg></svg>") != std::string::npos);
  CHECK(html.find("&lt;item&gt;") != std::string::npos);
  CHECK(html.find("what stands before") < html.find("<nav>"));
  for (const char* foreign : {"http://", "https://", "<script", "<link", "url("}) {
    CHECK(html.find(foreign) == std::string::npos);
  }
}
