#include "report/plane.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "report/svg.h"

namespace couplet {

Square square_around(const std::vector<Tensor>& points) {
  double low[2] = {0, 0}, high[2] = {0, 0};
  bool first = true;
  for (const Tensor& given : points) {
    const Tensor p = given.reshape({-1, 2}).to(at::kDouble);
    for (int k = 0; k < 2; ++k) {
      const Tensor all = p.select(1, k),
                   finite = std::get<0>(all.masked_select(all.isfinite()).sort());
      const int64_t n = finite.size(0), cut = n / 50;
      if (n == 0) continue;
      const double from = finite.const_data_ptr<double>()[cut],
                   to = finite.const_data_ptr<double>()[n - 1 - cut];
      low[k] = first ? from : std::min(low[k], from), high[k] = first ? to : std::max(high[k], to);
    }
    first = false;
  }
  const double side = std::max({high[0] - low[0], high[1] - low[1], 1e-6});
  return {(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, 0.6 * side};
}

std::string cloud(const Tensor& points, const Square& square, const std::string& title) {
  constexpr double side = 196;
  const Tensor p = points.to(at::kDouble).contiguous();
  std::string dots;
  for (int64_t i = 0; i < p.size(0); ++i) {
    const double u = (p.const_data_ptr<double>()[2 * i] - square.x) / (2 * square.half) + 0.5;
    const double v = (p.const_data_ptr<double>()[2 * i + 1] - square.y) / (2 * square.half) + 0.5;
    if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1)) continue;
    dots += "M" + pixel(u * side) + " " + pixel((1 - v) * side) + "h0";
  }
  return begin_svg(side, side, title) +
         text("<rect class=\"frame\" x=\"0.5\" y=\"0.5\" width=\"", side - 1, "\" height=\"",
              side - 1, "\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.25\"/>\n") +
         "<path d=\"" + dots +
         "\" class=\"c0\" color=\"#0072b2\" stroke=\"currentColor\" "
         "stroke-width=\"2\" stroke-linecap=\"round\" opacity=\"0.55\"/>\n</svg>\n";
}

std::string in_words(const Square& square) {
  const auto range = [&](double middle) {
    return text("[", number(middle - square.half, 3), ", ", number(middle + square.half, 3), "]");
  };
  return range(square.x) + " x " + range(square.y);
}

}  // namespace couplet
