#include "report/svg.h"

#include <cmath>
#include <cstdio>

#include "base/error.h"

namespace couplet {

std::string begin_svg(double width, double height, const std::string& title) {
  return text("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ", pixel(width),
              " ", pixel(height), "\" width=\"", pixel(width), "\" height=\"", pixel(height),
              "\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"currentColor\">\n"
              "<title>",
              escape(title), "</title>\n");
}

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string number(double value, int digits) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  char buffer[32];
  const bool whole = value == std::round(value) && std::abs(value) < 1e7;  // a count
  std::snprintf(buffer, sizeof buffer, "%.*g", whole ? 7 : digits, value);
  std::string out = buffer;
  const size_t e = out.find('e');
  if (e == std::string::npos) return out;
  return out.substr(0, e) + "e" + std::to_string(std::stoi(out.substr(e + 1)));
}

std::string pixel(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  return buffer;
}

}  // namespace couplet
