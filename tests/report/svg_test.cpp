#include "report/svg.h"

#include <cmath>

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
}

TEST_CASE("a plot leaves gaps where numbers are not finite or have no logarithm") {
  const Plot plot{
      .title = "loss & <lr>",
      .x_label = "step",
      .curves = {{"a", {1, 2, 3, 4}, {1, NAN, 100, -1}}, {"flat", {1, 4}, {10, 10}, true}},
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
