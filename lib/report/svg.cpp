#include "report/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/error.h"

namespace couplet {

namespace {

constexpr double width = 480, left = 56, right = 14, top = 30, plot_height = 210, line_height = 17;

// Distinct to colour-blind eyes too (Okabe and Ito); past the last they begin again, dashed.
constexpr std::array colours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9"};

/// One axis: values low .. high onto pixels from .. to.
struct Axis {
  double low, high, from, to;
  bool log;

  bool holds(double v) const { return std::isfinite(v) && (!log || v > 0); }
  double at(double v) const {
    const auto f = [&](double a) { return log ? std::log10(a) : a; };
    return from + (to - from) * (f(v) - f(low)) / (f(high) - f(low));
  }
};

Axis axis_over(const Plot& plot, bool horizontal, double from, double to) {
  const bool log = horizontal ? plot.log_x : plot.log_y;
  Axis axis{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), from,
            to, log};
  for (const Curve& curve : plot.curves) {
    for (const double v : horizontal ? curve.x : curve.y) {
      if (axis.holds(v)) axis.low = std::min(axis.low, v), axis.high = std::max(axis.high, v);
    }
  }
  if (axis.low > axis.high) axis.low = log ? 1 : 0, axis.high = log ? 10 : 1;
  // A little air, and zero where it is near; never a range of no length.
  if (log) {
    const double air = std::max(1.02, std::pow(axis.high / axis.low, 0.04));
    axis.low /= air, axis.high *= air;
  } else {
    if (axis.low == axis.high) axis.low -= 0.5, axis.high += 0.5;
    const double air = 0.04 * (axis.high - axis.low);
    const bool from_zero = !horizontal && axis.low >= 0 && axis.low < 0.4 * axis.high;
    axis.low = from_zero ? 0 : axis.low - air, axis.high += air;
  }
  return axis;
}

std::string label(double x, double y, const char* anchor, const std::string& words) {
  return text("<text x=\"", pixel(x), "\" y=\"", pixel(y), "\" text-anchor=\"", anchor, "\">",
              escape(words), "</text>\n");
}

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return text("<path d=\"M", pixel(x1), " ", pixel(y1), "L", pixel(x2), " ", pixel(y2), "\" ",
              style, "/>\n");
}

std::string draw_axes(const Plot& plot, const Axis& x, const Axis& y) {
  const char* faint = "opacity=\"0.15\"";
  std::string out = "<g stroke=\"currentColor\" fill=\"none\">\n";
  std::string words;
  for (const double v : plot.x_ticks.empty() ? ticks(x.low, x.high, x.log) : plot.x_ticks) {
    out += line(x.at(v), y.from, x.at(v), y.to, faint);
    words += label(x.at(v), y.from + 15, "middle", number(v));
  }
  for (const double v : ticks(y.low, y.high, y.log)) {
    out += line(x.from, y.at(v), x.to, y.at(v), faint);
    words += label(x.from - 6, y.at(v) + 4, "end", number(v));
  }
  out += line(x.from, y.from, x.to, y.from, "opacity=\"0.6\"") + "</g>\n";
  words += label((x.from + x.to) / 2, y.from + 31, "middle", plot.x_label);
  return out + words;
}

std::string draw_curve(const Curve& curve, const Axis& x, const Axis& y) {
  std::string path, dots;
  bool pen_down = false;
  const size_t n = std::min(curve.x.size(), curve.y.size());
  const size_t stride = curve.points ? 1 : std::max<size_t>(1, n / 400);
  for (size_t i = 0; i < n; ++i) {
    if (i % stride != 0 && i + 1 != n) continue;
    const bool there = x.holds(curve.x[i]) && y.holds(curve.y[i]);
    if (there) {
      const std::string at = pixel(x.at(curve.x[i])) + " " + pixel(y.at(curve.y[i]));
      path += (pen_down ? "L" : "M") + at;
      // A line of no length with round ends is a dot.
      if (curve.points || n <= 12) dots += "M" + at + "h0";
    }
    pen_down = there;
  }
  std::string out;
  if (!curve.points && !path.empty()) {
    out += text("<path d=\"", path, "\" stroke-width=\"1.8\"",
                curve.dashed ? " stroke-dasharray=\"6 4\"" : "", "/>\n");
  }
  if (!dots.empty()) {
    out += text("<path d=\"", dots, "\" stroke-width=\"", curve.points ? 2.5 : 6, "\"",
                curve.points ? " opacity=\"0.5\"" : "", "/>\n");
  }
  return out;
}

std::string begin_colour(size_t i) {
  return text("<g class=\"c", i % colours.size(), "\" color=\"", colours[i % colours.size()],
              "\">\n");
}

/// The names below the plot, as many a line as fit; y: where the first begins, moved past the last.
std::string draw_legend(const std::vector<Curve>& curves, double& y) {
  std::string out;
  double x = left;
  for (size_t i = 0; i < curves.size(); ++i) {
    if (curves[i].name.empty()) continue;
    const double room = 34 + 6.8 * static_cast<double>(curves[i].name.size());
    if (x > left && x + room > width) x = left, y += line_height;
    out += begin_colour(i) +
           line(x, y - 4, x + 18, y - 4,
                curves[i].dashed
                    ? "stroke=\"currentColor\" stroke-width=\"2\" stroke-dasharray=\"6 4\""
                    : "stroke=\"currentColor\" stroke-width=\"3\"") +
           "</g>\n" + label(x + 23, y, "start", curves[i].name);
    x += room;
  }
  y += x > left ? line_height : 0;
  return out;
}

}  // namespace

std::string draw(const Plot& plot) {
  const Axis x = axis_over(plot, true, left, width - right);
  const Axis y = axis_over(plot, false, top + plot_height, top);
  std::string body = "<text x=\"" + pixel(left) + "\" y=\"18\" font-weight=\"bold\">" +
                     escape(plot.title) + (plot.log_y ? " (log)" : "") + "</text>\n";
  body += draw_axes(plot, x, y);
  for (size_t i = 0; i < plot.curves.size(); ++i) {
    Curve curve = plot.curves[i];
    curve.dashed = curve.dashed || i >= colours.size();
    body += begin_colour(i) +
            "<g stroke=\"currentColor\" fill=\"none\" stroke-linecap=\"round\" "
            "stroke-linejoin=\"round\">\n" +
            draw_curve(curve, x, y) + "</g></g>\n";
  }
  double height = top + plot_height + 50;
  body += draw_legend(plot.curves, height);
  height -= 8;
  return text("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ", pixel(width),
              " ", pixel(height), "\" width=\"", pixel(width), "\" height=\"", pixel(height),
              "\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"currentColor\">\n"
              "<title>",
              escape(plot.title), "</title>\n", body, "</svg>\n");
}

bool spans_decades(const std::vector<double>& values) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v), high = std::max(high, v);
  }
  return low > 0 && high > 30 * low;
}

std::vector<double> ticks(double low, double high, bool log, int count) {
  std::vector<double> out;
  if (log) {
    const int first = static_cast<int>(std::floor(std::log10(low)));
    const int last = static_cast<int>(std::ceil(std::log10(high)));
    const int stride = std::max(1, (last - first) / count);
    const bool few = std::log10(high / low) < 2.5;
    for (int k = first; k <= last; k += stride) {
      for (const double m : few ? std::vector<double>{1, 2, 5} : std::vector<double>{1}) {
        const double v = m * std::pow(10.0, k);
        if (v >= low && v <= high) out.push_back(v);
      }
    }
    if (out.size() >= 2) return out;
    out.clear();
  }
  const double raw = (high - low) / count, unit = std::pow(10.0, std::floor(std::log10(raw)));
  const double step = unit * (raw / unit > 5 ? 10 : raw / unit > 2 ? 5 : raw / unit > 1 ? 2 : 1);
  for (auto k = static_cast<long long>(std::ceil(low / step));
       static_cast<double>(k) * step <= high; ++k) {
    out.push_back(static_cast<double>(k) * step);
  }
  return out;
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

std::string number(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
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
