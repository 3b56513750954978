#include "report/gallery.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <tuple>

#include "data/dataset.h"
#include "formats/grid.h"
#include "formats/png.h"
#include "report/svg.h"

namespace couplet {

namespace {

/// A samples file and where each row number lies in it.
struct Opened {
  h5::File file;
  Label label;
  std::map<int64_t, int64_t> place;
};

Opened open_samples(const std::string& path) {
  Opened opened{h5::File::open(path), read_label(path, {"samples"}), {}};
  const Tensor rows = opened.file.has("row") ? opened.file.read("row").to(at::kLong)
                                             : at::arange(opened.file.sizes("x")[0]);
  for (int64_t i = 0; i < rows.numel(); ++i) opened.place[rows.const_data_ptr<int64_t>()[i]] = i;
  return opened;
}

/// The first row numbers that all files hold.
std::vector<int64_t> shared_rows(const std::vector<Opened>& files, int64_t count) {
  std::vector<int64_t> rows;
  for (const auto& [row, place] : files.front().place) {
    const bool everywhere = std::all_of(
        files.begin(), files.end(), [row = row](const Opened& f) { return f.place.contains(row); });
    if (everywhere) rows.push_back(row);
    if (static_cast<int64_t>(rows.size()) == count) break;
  }
  return rows;
}

Tensor select_rows(const Opened& opened, const std::vector<int64_t>& rows) {
  std::vector<int64_t> places;
  for (const int64_t row : rows) places.push_back(opened.place.at(row));
  return opened.file.map("x").index_select(0, at::tensor(places, at::kLong));
}

/// Stored numbers as bytes from black to white: [-1, 1] or, where the scaling has no negative side,
/// [0, 1].
Tensor shades(const Tensor& stored, const Scaling& scaling) {
  const double low = scaling.shift[0] < 0 ? scaling.shift[0] : 0, high = low < 0 ? -low : 1;
  return scaling.apply(stored).sub(low).mul(255 / (high - low)).round().clamp(0, 255).to(at::kByte);
}

std::string image_markup(const Tensor& stored, const Scaling& scaling, const std::string& name,
                         int64_t columns) {
  const Tensor grid = image_grid(shades(stored, scaling), columns, 1);
  const int64_t zoom = std::max<int64_t>(1, 300 / grid.size(1));
  return picture(encode_png(grid), name, zoom * grid.size(1));
}

std::string cloud_markup(const Tensor& points, const std::string& name) {
  const Tensor x = points.to(at::kDouble).contiguous();
  Plot plot{.title = name, .curves = {{.points = true}}};
  for (int64_t i = 0; i < x.size(0); ++i) {
    plot.curves[0].x.push_back(x.const_data_ptr<double>()[2 * i]);
    plot.curves[0].y.push_back(x.const_data_ptr<double>()[2 * i + 1]);
  }
  return draw(plot);
}

}  // namespace

std::vector<Figure> gallery(std::vector<Sampled> sampled, int64_t count, int64_t columns) {
  std::stable_sort(sampled.begin(), sampled.end(), [](const Sampled& a, const Sampled& b) {
    return std::tie(a.model, a.nfe) < std::tie(b.model, b.nfe);
  });
  std::vector<Opened> files;
  for (const Sampled& s : sampled) files.push_back(open_samples(s.path));
  std::vector<Figure> figures;
  if (files.empty()) return figures;
  const std::vector<int64_t> rows = shared_rows(files, count), many = shared_rows(files, 2000);
  for (size_t i = 0; i < files.size(); ++i) {
    const json& facts = files[i].label.facts;
    const Scaling scaling = facts.contains("scale") ? Scaling::from_json(facts) : Scaling{};
    const std::vector<int64_t> sizes = files[i].file.sizes("x");
    const std::string name = sampled[i].model + ", NFE " + number(sampled[i].nfe);
    const bool image = sizes.size() == 4 && (sizes[1] == 1 || sizes[1] == 3);
    if (rows.empty() || (!image && sizes != std::vector<int64_t>{sizes[0], 2})) continue;
    figures.push_back(
        image ? Figure{image_markup(select_rows(files[i], rows), scaling, name, columns), name}
              : Figure{cloud_markup(scaling.apply(select_rows(files[i], many)), name), ""});
  }
  return figures;
}

}  // namespace couplet
