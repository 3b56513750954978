// Samples as pictures, the same rows of every file.
#pragma once
#include "report/page.h"

namespace couplet {

/// What is shown of a samples file: its model's name and NFE order the figures.
struct Sampled {
  std::string path, model;
  double nfe = 0;
};

/// A figure for each samples file, by model and NFE: a grid of its images, or a cloud of its points
/// in the plane; none for samples of another shape. Rows: the first `count` that all files hold.
std::vector<Figure> gallery(std::vector<Sampled> files, int64_t count, int64_t columns);

}  // namespace couplet
