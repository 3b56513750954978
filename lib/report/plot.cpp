#include "report/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "report/svg.h"

namespace couplet {

namespace {

constexpr double left = 52, right = 10, plot_height = 190, line_height = 17;
constexpr double letter = 6.9;  // about the width of one, at 12 pixels

// Distinct to colour-blind eyes too, dark enough on paper; the page has lighter ones for the dark.
constexpr std::array colours = {"#0072b2", "#c94f00", "#007a59", "#b0408f",
                                "#8f6a00", "#4a4fc4", "#6b6f76", "#a8322d"};
// Past the last colour they begin again, with these.
constexpr std::array patterns = {"", "2 4", "10 3 2 3", "14 4"};

/// The looks of a curve: the place of its name among the names.
std::vector<size_t> looks_of(const std::vector<Curve>& curves) {
  std::vector<std::string> names;
  std::vector<size_t> looks;
  for (const Curve& curve : curves) {
    const auto known = std::find(names.begin(), names.end(), curve.name);
    looks.push_back(static_cast<size_t>(known - names.begin()));
    if (known == names.end()) names.push_back(curve.name);
  }
  return looks;
}

std::string dashes(Mark mark, size_t look) {
  const std::string pattern = mark == Mark::dashed ? "6 4"
                              : mark == Mark::line ? patterns[look / colours.size() % 4]
                                                   : "";
  return pattern.empty() ? "" : " stroke-dasharray=\"" + pattern + "\"";
}

/// One axis: values low .. high onto pixels from .. to.
struct Axis {
  double low, high, from, to;
  bool log = false, bounded = false;

  bool holds(double v) const {
    return std::isfinite(v) && (!log || v > 0) && (!bounded || (v >= low && v <= high));
  }
  double at(double v) const {
    const auto f = [&](double a) { return log ? std::log10(a) : a; };
    return from + (to - from) * (f(v) - f(low)) / (f(high) - f(low));
  }
};

/// Lets the axis hold v too.
void reach(Axis& axis, double v) {
  if (axis.holds(v)) axis.low = std::min(axis.low, v), axis.high = std::max(axis.high, v);
}

Axis axis_over(const Plot& plot, bool horizontal, double from, double to) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Axis axis{inf, -inf, from, to, horizontal ? plot.log_x : plot.log_y};
  for (const Curve& curve : plot.curves) {
    const auto& values = horizontal ? curve.x : curve.y;
    for (size_t i = 0; i < values.size(); ++i) {
      reach(axis, values[i]);
      if (horizontal || i >= curve.spread.size()) continue;
      for (const double sign : {-1, 1}) reach(axis, values[i] + sign * curve.spread[i]);
    }
  }
  if (axis.low > axis.high) axis.low = axis.log ? 1 : 0, axis.high = axis.log ? 10 : 1;
  // A little air, and zero where it is near; never a range of no length.
  if (axis.log) {
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

/// What stands above the axes: the title, and whether the scale is no usual one.
std::string words_above(const Plot& plot) {
  const std::string scale = plot.log_y ? (plot.titled ? " (log)" : "logarithmic scale") : "";
  return (plot.titled ? plot.title : "") + scale;
}

/// The two axes of a plot, that of y upwards.
std::pair<Axis, Axis> axes_of(const Plot& plot) {
  const double end = plot_width - right, top = words_above(plot).empty() ? 8 : 28;
  if (!plot.square) {
    return {axis_over(plot, true, left, end), axis_over(plot, false, top + plot_height, top)};
  }
  const auto& [x, y, half] = *plot.square;
  return {{x - half, x + half, left, end, false, true},
          {y - half, y + half, top + end - left, top, false, true}};
}

std::string label(double x, double y, const char* anchor, const std::string& words) {
  return text("<text x=\"", pixel(x), "\" y=\"", pixel(y), "\" text-anchor=\"", anchor, "\">",
              escape(words), "</text>\n");
}

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return text("<path d=\"M", pixel(x1), " ", pixel(y1), "L", pixel(x2), " ", pixel(y2), "\" ",
              style, "/>\n");
}

/// The numbers of an axis, with as many digits as tell them apart.
std::vector<std::string> in_words(const std::vector<double>& ticks) {
  std::vector<std::string> words;
  for (int digits = 4; digits < 12; ++digits) {
    words.clear();
    for (const double v : ticks) words.push_back(number(v, digits));
    if (std::set<std::string>(words.begin(), words.end()).size() == ticks.size()) break;
  }
  return words;
}

std::string draw_axes(const Plot& plot, const Axis& x, const Axis& y) {
  const char* faint = "opacity=\"0.15\"";
  std::string out = "<g stroke=\"currentColor\" fill=\"none\">\n";
  std::string words;
  double free = 0;  // where the next number has room
  const auto across = plot.x_ticks.empty() ? ticks(x.low, x.high, x.log) : plot.x_ticks;
  const auto up = ticks(y.low, y.high, y.log);
  const auto across_words = in_words(across), up_words = in_words(up);
  for (size_t i = 0; i < across.size(); ++i) {
    const double at = x.at(across[i]);
    const double half = letter * static_cast<double>(across_words[i].size()) / 2;
    out += line(at, y.from, at, y.to, faint);
    if (at - half < free) continue;
    words += label(at, y.from + 15, "middle", across_words[i]);
    free = at + half + 3;
  }
  for (size_t i = 0; i < up.size(); ++i) {
    out += line(x.from, y.at(up[i]), x.to, y.at(up[i]), faint);
    words += label(x.from - 6, y.at(up[i]) + 4, "end", up_words[i]);
  }
  out += line(x.from, y.from, x.to, y.from, "opacity=\"0.6\"") + "</g>\n";
  words += label((x.from + x.to) / 2, y.from + 31, "middle", plot.x_label);
  return out + words;
}

std::string draw_spread(const Curve& curve, const Axis& x, const Axis& y) {
  std::string path;
  for (size_t i = 0; i < std::min(curve.spread.size(), curve.y.size()); ++i) {
    const double low = curve.y[i] - curve.spread[i], high = curve.y[i] + curve.spread[i];
    if (!(curve.spread[i] > 0) || !y.holds(low) || !y.holds(high)) continue;
    path += text("M", pixel(x.at(curve.x[i])), " ", pixel(y.at(low)), "V", pixel(y.at(high)));
  }
  return path.empty() ? "" : "<path d=\"" + path + "\" stroke-width=\"1.2\"/>\n";
}

std::string draw_curve(const Curve& curve, const Axis& x, const Axis& y, size_t look) {
  std::string path, dots;
  bool pen_down = false;
  const size_t n = std::min(curve.x.size(), curve.y.size());
  const bool points = curve.mark == Mark::points, threads = curve.mark == Mark::threads;
  const size_t stride = points || threads ? 1 : std::max<size_t>(1, n / 400);
  for (size_t i = 0; i < n; ++i) {
    if (i % stride != 0 && i + 1 != n) continue;
    const bool there = x.holds(curve.x[i]) && y.holds(curve.y[i]);
    if (there) {
      const std::string at = pixel(x.at(curve.x[i])) + " " + pixel(y.at(curve.y[i]));
      path += (pen_down ? "L" : "M") + at;
      // A line of no length with round ends is a dot.
      if (points || (n <= 12 && !threads)) dots += "M" + at + "h0";
    }
    pen_down = there;
  }
  std::string out = draw_spread(curve, x, y);
  if (!points && !path.empty()) {
    out += text("<path d=\"", path, "\" stroke-width=\"", threads ? "0.6" : "1.8", "\"",
                threads ? " opacity=\"0.5\"" : "", dashes(curve.mark, look), "/>\n");
  }
  if (!dots.empty()) {
    out += text("<path d=\"", dots, "\" stroke-width=\"", points ? 2.6 : 5.5, "\"",
                points ? " opacity=\"0.7\"" : "", "/>\n");
  }
  return out;
}

std::string begin_colour(size_t look) {
  const size_t i = look % colours.size();
  return text("<g class=\"c", i, "\" color=\"", colours[i], "\">\n");
}

/// The names below the plot, as many a line as fit; y: where the first begins, moved past the last.
std::string draw_legend(const std::vector<Curve>& curves, double& y) {
  std::string out;
  double x = left;
  const auto looks = looks_of(curves);
  for (size_t i = 0; i < curves.size(); ++i) {
    const Curve& curve = curves[i];
    const bool named_before =
        std::find(looks.begin(), looks.begin() + i, looks[i]) != looks.begin() + i;
    if (curve.name.empty() || named_before) continue;
    constexpr size_t most = static_cast<size_t>((plot_width - left - 40) / letter);
    std::string name = curve.name;
    if (name.size() > most) name.resize(most - 3), name.append("...");
    const double room = 40 + letter * static_cast<double>(name.size());
    if (x > left && x + room > plot_width) x = left, y += line_height;
    const bool points = curve.mark == Mark::points;
    const std::string how = points ? "stroke-width=\"5\" stroke-linecap=\"round\""
                                   : "stroke-width=\"2.4\"" + dashes(curve.mark, looks[i]);
    out += begin_colour(looks[i]) +
           line(x + (points ? 9 : 0), y - 4, x + (points ? 9 : 20), y - 4,
                ("stroke=\"currentColor\" " + how).c_str()) +
           "</g>\n" + label(x + 25, y, "start", name);
    x += room;
  }
  y += x > left ? line_height : 0;
  return out;
}

}  // namespace

std::string draw(const Plot& plot) {
  const auto [x, y] = axes_of(plot);
  std::string body = draw_axes(plot, x, y);
  if (const std::string above = words_above(plot); !above.empty()) {
    body += text("<text x=\"4\" y=\"15\"", plot.titled ? " font-weight=\"bold\">" : ">",
                 escape(above), "</text>\n");
  }
  const auto looks = looks_of(plot.curves);
  for (size_t i = 0; i < plot.curves.size(); ++i) {
    body += begin_colour(looks[i]) +
            "<g stroke=\"currentColor\" fill=\"none\" stroke-linecap=\"round\" "
            "stroke-linejoin=\"round\">\n" +
            draw_curve(plot.curves[i], x, y, looks[i]) + "</g></g>\n";
  }
  double height = y.from + (plot.x_label.empty() ? 36 : 50);
  body += draw_legend(plot.curves, height);
  height -= 8;
  return begin_svg(plot_width, height, plot.title) + body + "</svg>\n";
}

bool spans_decades(const std::vector<double>& values) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v), high = std::max(high, v);
  }
  return low > 0 && high > 10 * low;
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

}  // namespace couplet
