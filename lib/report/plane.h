// Points of the plane.
#pragma once
#include "base/types.h"
#include "report/plot.h"

namespace couplet {

/// The square that holds nearly all of the points given, each (…, 2): all but the outermost two
/// hundredths on each side, and a tenth more.
Square square_around(const std::vector<Tensor>& points);

/// Points (N, 2) within a square as a small <svg> element without axes.
std::string cloud(const Tensor& points, const Square& square, const std::string& title);

/// "[-2, 2] x [-1.5, 2.5]".
std::string in_words(const Square& square);

}  // namespace couplet
