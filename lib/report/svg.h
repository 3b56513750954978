// Plots as SVG: no scripts, no fonts, colours that a page may change.
#pragma once
#include <string>
#include <vector>

namespace couplet {

/// One line of a plot, or a cloud of points. Values that are not finite leave a gap.
struct Curve {
  std::string name{};
  std::vector<double> x{}, y{};
  bool dashed = false, points = false;
};

struct Plot {
  std::string title{}, x_label{};
  std::vector<Curve> curves{};
  bool log_x = false, log_y = false;  ///< values that are not positive are left out then
  std::vector<double> x_ticks{};      ///< empty: chosen
};

/// The plot as an <svg> element: axes in the colour of the text around, curve i in class c<i>.
std::string draw(const Plot& plot);

/// Whether values span so much that a logarithmic axis shows them better: all positive, over 1
/// : 30.
bool spans_decades(const std::vector<double>& values);

/// Round numbers between low and high, about count of them; on a logarithmic axis powers of ten, or
/// 1, 2, 5 of each.
std::vector<double> ticks(double low, double high, bool log, int count = 5);

/// Text for XML: & < > " escaped.
std::string escape(const std::string& text);

/// A number for people: four significant digits, "1e-4" for "0.0001".
std::string number(double value);

/// An SVG number: one decimal.
std::string pixel(double value);

}  // namespace couplet
