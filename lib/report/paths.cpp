#include "report/paths.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "report/plane.h"
#include "report/protocol.h"
#include "report/svg.h"

namespace couplet {

namespace {

/// Points (n, 2) behind a curve's own; a gap at the end where they are a line.
void append(Curve& curve, const Tensor& points, bool line) {
  const Tensor p = points.to(at::kDouble).contiguous();
  for (int64_t i = 0; i < p.size(0); ++i) {
    curve.x.push_back(p.const_data_ptr<double>()[2 * i]);
    curve.y.push_back(p.const_data_ptr<double>()[2 * i + 1]);
  }
  if (!line) return;
  curve.x.push_back(std::numeric_limits<double>::quiet_NaN());
  curve.y.push_back(std::numeric_limits<double>::quiet_NaN());
}

/// At most so many of the points (N, K + 1, 2) of each path, evenly spaced, both ends among them.
Tensor thinned(const Tensor& paths, int64_t most) {
  const int64_t last = paths.size(1) - 1;
  if (last < most) return paths;
  const Tensor at = at::linspace(0, static_cast<double>(last), most).round().to(at::kLong);
  return paths.index_select(1, at);
}

std::string caption_of(const json& facts, int64_t paths) {
  const bool jumps = plain(facts.value("solver", json(""))) == "jump";
  const int64_t blocks = facts.value("blocks", int64_t{1});
  const auto steps = facts.value("steps", int64_t{1});
  std::string words =
      text(paths, " paths, ", steps, jumps ? " jump" : " step", steps == 1 ? "" : "s");
  if (!jumps) words += " of " + plain(facts.value("solver", json()));
  if (blocks > 1) words += text(" in each of ", blocks, " blocks");
  return words + (jumps ? "; straight lines join where the jumps end" : "");
}

}  // namespace

bool holds_paths(const Given& file) {
  if (file.label.kind != "samples") return false;
  const h5::File h5 = h5::File::open(file.path);
  return h5.has("path") && h5.sizes("path").size() == 3 && h5.sizes("path")[2] == 2;
}

std::vector<Figure> path_figures(const std::vector<Sampled>& samples, int64_t count) {
  std::vector<Tensor> paths;
  std::vector<const Sampled*> of;
  for (const Sampled& s : samples) {
    if (!holds_paths(s.file)) continue;
    const Tensor all = h5::File::open(s.file.path).map("path");
    paths.push_back(thinned(all.narrow(0, 0, std::min(count, all.size(0))), 48));
    of.push_back(&s);
  }
  std::vector<Figure> figures;
  if (paths.empty()) return figures;
  const Square square = square_around(paths);
  for (size_t i = 0; i < paths.size(); ++i) {
    Plot plot{.title = text(of[i]->model, ", NFE ", number(of[i]->nfe)),
              .curves = {{.name = "path", .mark = Mark::threads},
                         {.name = "noise, t = 0", .mark = Mark::points},
                         {.name = "data, t = 1", .mark = Mark::points}},
              .square = square};
    for (int64_t n = 0; n < paths[i].size(0); ++n) append(plot.curves[0], paths[i][n], true);
    append(plot.curves[1], paths[i].select(1, 0), false);
    append(plot.curves[2], paths[i].select(1, paths[i].size(1) - 1), false);
    figures.push_back({draw(plot), caption_of(of[i]->file.label.facts, paths[i].size(0))});
  }
  return figures;
}

}  // namespace couplet
