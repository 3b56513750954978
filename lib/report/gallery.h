// Samples as pictures, the same rows of every file.
#pragma once
#include "report/names.h"
#include "report/page.h"

namespace couplet {

struct Gallery {
  std::string caption;            ///< which rows, of which noise; which part of the plane
  std::vector<Figure> alone;      ///< what has no NFE to stand under: data, a normalizing flow
  std::vector<std::string> head;  ///< "", "NFE 1", "NFE 2", …
  std::vector<std::vector<std::string>> rows;  ///< the model, and a picture under each NFE
};

/// Grids of images, or points of the plane, of datasets and samples; none of another shape. Rows:
/// the first `count` that all samples files hold, of points some thousand.
Gallery gallery(const std::vector<Given>& datasets, const std::vector<Sampled>& samples,
                int64_t count, int64_t columns);

}  // namespace couplet
