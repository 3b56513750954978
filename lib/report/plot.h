// Plots as SVG.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace couplet {

/// How a curve is drawn: a line; a dashed one, of what others are held against; points; or thin
/// threads, very many in one curve with gaps between them.
enum class Mark { line, dashed, points, threads };

/// One line of a plot, or many points. Values that are not finite leave a gap.
struct Curve {
  std::string name{};
  std::vector<double> x{}, y{};
  Mark mark = Mark::line;
  std::vector<double> spread{};  ///< of each y, drawn up and down; or empty
};

/// A square of the plane.
struct Square {
  double x = 0, y = 0, half = 1;  ///< its middle, half its side
};

struct Plot {
  std::string title{}, x_label{};
  bool titled = true;  ///< false: where the page says the title
  std::vector<Curve> curves{};
  bool log_x = false, log_y = false;  ///< values that are not positive are left out then
  std::vector<double> x_ticks{};      ///< empty: chosen
  std::optional<Square> square{};     ///< both axes in equal units; what lies outside is left out
};

/// How wide a plot is, in CSS pixels: a phone's screen, three side by side on a page.
constexpr double plot_width = 360;

/// The plot as an <svg> element: axes in the colour of the text around. Curves of one name have one
/// colour, class c0, c1, … by turns; past the last colour they begin again with lines of another
/// kind.
std::string draw(const Plot& plot);

/// Whether values span so much that a logarithmic axis shows them better: all positive, over 1
/// : 10.
bool spans_decades(const std::vector<double>& values);

/// Round numbers between low and high, about count of them; on a logarithmic axis powers of ten, or
/// 1, 2, 5 of each.
std::vector<double> ticks(double low, double high, bool log, int count = 5);

}  // namespace couplet
