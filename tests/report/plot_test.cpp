#include "report/plot.h"

#include <cmath>
#include <cstdio>
#include <set>

#include "report/svg.h"
#include "testing.h"

using namespace couplet;

TEST_CASE("ticks are round numbers within the range") {
  CHECK(ticks(0, 1, false) == std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  CHECK(ticks(-3, 7, false) == std::vector<double>{-2, 0, 2, 4, 6});
  CHECK(ticks(1, 1000, true) == std::vector<double>{1, 10, 100, 1000});
  CHECK(ticks(3, 60, true) == std::vector<double>{5, 10, 20, 50});
  for (const double v : ticks(2.1, 2.9, true)) CHECK((v >= 2.1 && v <= 2.9));
}

TEST_CASE("numbers for people are short") {
  CHECK(number(0) == "0");
  CHECK(number(1234.56) == "1235");
  CHECK(number(0.00001) == "1e-5");
  CHECK(number(-2.5e7) == "-2.5e7");
  CHECK(number(NAN) == "nan");
  CHECK(number(30000) == "30000");
  CHECK(number(0.123456, 2) == "0.12");
}

TEST_CASE("curves of one name look alike, curves of other names do not, whatever their number") {
  const auto looks = [](const std::vector<std::string>& names) {
    std::vector<std::string> looks;
    Plot plot;
    for (const auto& name : names) plot.curves.push_back({name, {1, 2}, {1, 2}});
    const std::string svg = draw(plot), group = "<g class=\"c";
    for (size_t at = svg.find(group); looks.size() < names.size(); at = svg.find(group, at + 1)) {
      const size_t pattern = svg.find("stroke-dasharray", at), end = svg.find("</g>", at);
      looks.push_back(svg.substr(at, group.size() + 1) +
                      (pattern < end ? svg.substr(pattern, 24) : std::string()));
    }
    return looks;
  };
  const auto seeds = looks({"a", "b", "a"});
  CHECK(seeds[0] == seeds[2]);
  CHECK(seeds[0] != seeds[1]);
  std::vector<std::string> many;
  for (char c = 'a'; c < 'a' + 24; ++c) many.emplace_back(1, c);
  const auto found = looks(many);
  CHECK(std::set<std::string>(found.begin(), found.end()).size() == 24);
}

TEST_CASE("a square of the plane has equal units, and what lies outside is left out") {
  const Plot plot{.curves = {{"p", {0, 1, 1, 9}, {0, 0, 1, 0}, Mark::points}},
                  .square = Square{0.5, 0.5, 1}};
  const std::string svg = draw(plot);
  std::vector<double> x, y;
  const size_t dots = svg.find("h0");  // "M<x> <y>h0" for each
  for (size_t at = svg.rfind('"', dots) + 1; svg[at] == 'M'; at = svg.find("h0", at) + 2) {
    double u = 0, v = 0;
    REQUIRE(std::sscanf(svg.c_str() + at, "M%lf %lf", &u, &v) == 2);
    x.push_back(u), y.push_back(v);
  }
  REQUIRE(x.size() == 3);
  CHECK(x[1] - x[0] == Approx(y[1] - y[2]).margin(0.11));
  CHECK(x[1] - x[0] > 100);
}

TEST_CASE("a plot leaves gaps where numbers are not finite or have no logarithm") {
  const Plot plot{
      .title = "loss & <lr>",
      .x_label = "step",
      .curves = {{"a", {1, 2, 3, 4}, {1, NAN, 100, -1}}, {"flat", {1, 4}, {10, 10}, Mark::dashed}},
      .log_y = true};
  const std::string svg = draw(plot);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
  CHECK(svg.find("loss &amp; &lt;lr&gt;") != std::string::npos);
  CHECK(svg.find("stroke-dasharray") != std::string::npos);
  CHECK(draw(plot) == svg);
}

TEST_CASE("a plot of nothing, of one point or of equal values is drawn too") {
  for (const bool log : {false, true}) {
    for (const auto& y : {std::vector<double>{}, {5.0}, {0.0, 0.0}, {NAN, NAN}}) {
      const std::vector<double> x(y.size(), 1.0);
      const std::string svg = draw({.curves = {{"a", x, y}}, .log_x = log, .log_y = log});
      CHECK(svg.find("nan") == std::string::npos);
      CHECK(svg.find("inf") == std::string::npos);
    }
  }
}

TEST_CASE("a logarithmic axis is for values that span decades") {
  CHECK(spans_decades({1, 100}));
  CHECK_FALSE(spans_decades({1, 10}));
  CHECK_FALSE(spans_decades({0, 100}));
  CHECK_FALSE(spans_decades({-5, 100}));
}
