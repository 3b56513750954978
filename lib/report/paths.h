// The ways of samples from noise to data, in the plane.
#pragma once
#include "report/names.h"
#include "report/page.h"

namespace couplet {

/// Whether a samples file holds paths of points of the plane, as sample -s path=true keeps them.
bool holds_paths(const Given& file);

/// A figure for each such file: the first `count` of its paths, all in the same square.
std::vector<Figure> path_figures(const std::vector<Sampled>& samples, int64_t count);

}  // namespace couplet
