#include "report/gallery.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "formats/grid.h"
#include "formats/png.h"
#include "io/scaling.h"
#include "report/plane.h"
#include "report/protocol.h"
#include "report/svg.h"

namespace couplet {

namespace {

/// Rows that may be shown: a file, and where each row number lies in it.
struct Opened {
  std::string name;
  h5::File file;
  Scaling scaling;
  std::map<int64_t, int64_t> place;
};

bool holds_images(const std::vector<int64_t>& sizes) {
  return sizes.size() == 4 && (sizes[1] == 1 || sizes[1] == 3);
}
bool holds_points(const std::vector<int64_t>& sizes) { return sizes.size() == 2 && sizes[1] == 2; }

Opened open_rows(const Given& given, const std::string& name) {
  const json& facts = given.label.facts;
  Opened opened{name,
                h5::File::open(given.path),
                facts.contains("scale") ? Scaling::from_json(facts) : Scaling{},
                {}};
  const Tensor rows = opened.file.has("row") ? opened.file.read("row").to(at::kLong)
                                             : at::arange(opened.file.sizes("x")[0]);
  for (int64_t i = 0; i < rows.numel(); ++i) opened.place[rows.const_data_ptr<int64_t>()[i]] = i;
  return opened;
}

/// The first row numbers that all files hold.
std::vector<int64_t> shared_rows(const std::vector<Opened>& files, int64_t count) {
  std::vector<int64_t> rows;
  if (files.empty()) return rows;
  for (const auto& [row, place] : files.front().place) {
    if (static_cast<int64_t>(rows.size()) == count) break;
    const bool everywhere = std::all_of(
        files.begin(), files.end(), [row = row](const Opened& f) { return f.place.contains(row); });
    if (everywhere) rows.push_back(row);
  }
  return rows;
}

Tensor select_rows(const Opened& opened, const std::vector<int64_t>& rows) {
  std::vector<int64_t> places;
  for (const int64_t row : rows) places.push_back(opened.place.at(row));
  return opened.file.map("x").index_select(0, at::tensor(places, at::kLong));
}

std::vector<int64_t> first(const std::vector<int64_t>& rows, int64_t count) {
  return {rows.begin(), rows.begin() + std::min<int64_t>(count, std::ssize(rows))};
}

/// Stored numbers as bytes from black to white: [-1, 1] or, where the scaling has no negative side,
/// [0, 1].
Tensor shades(const Tensor& stored, const Scaling& scaling) {
  const double low = scaling.shift[0] < 0 ? scaling.shift[0] : 0, high = low < 0 ? -low : 1;
  return scaling.apply(stored).sub(low).mul(255 / (high - low)).round().clamp(0, 255).to(at::kByte);
}

/// How pictures are made: rows, and of points the part of the plane.
struct Manner {
  std::vector<int64_t> rows;
  int64_t images, columns;
  int64_t width;  ///< of a picture in CSS pixels, at least about
  Square square;

  std::string show(const Opened& opened, std::vector<int64_t> which) const {
    const std::vector<int64_t> sizes = opened.file.sizes("x");
    if (holds_points(sizes)) {
      return cloud(opened.scaling.apply(select_rows(opened, which)), square, opened.name);
    }
    // Large images: fewer, so that a page of many grids stays small.
    const int64_t fit =
        std::max<int64_t>(4, (1 << 20) / c10::multiply_integers(sizes.begin() + 1, sizes.end()));
    const int64_t across =
        std::clamp<int64_t>(340 / (sizes[3] + 1), std::min<int64_t>(4, columns), columns);
    const Tensor stored = select_rows(opened, first(which, std::min(images, fit)));
    const Tensor grid = image_grid(shades(stored, opened.scaling), across, 1);
    const int64_t zoom = (width + grid.size(1) - 1) / grid.size(1);
    return picture(encode_png(grid), opened.name, zoom * grid.size(1));
  }
};

/// The noise of all samples: whether it is one, and how it is called.
std::string noise_of(const std::vector<Sampled>& samples) {
  std::set<std::string> seeds;
  for (const Sampled& s : samples) seeds.insert(s.seed.is_null() ? "" : plain(s.seed));
  if (seeds.size() != 1 || seeds.contains("")) return "";
  const bool given = samples[0].seed.is_string();
  return given ? "the noise of one file" : "the noise of seed " + *seeds.begin();
}

/// The row of a model whose place under an NFE is free, or a new one.
std::vector<std::string>& free_row(Gallery& gallery, const std::string& name, size_t column) {
  for (auto& row : gallery.rows) {
    if (row[0] == name && row[column].empty()) return row;
  }
  gallery.rows.emplace_back(gallery.head.size());
  gallery.rows.back()[0] = name;
  return gallery.rows.back();
}

bool can_be_shown(const Given& file) {
  const std::vector<int64_t> sizes = h5::File::open(file.path).sizes("x");
  return holds_images(sizes) || holds_points(sizes);
}

}  // namespace

Gallery gallery(const std::vector<Given>& datasets, const std::vector<Sampled>& all, int64_t count,
                int64_t columns) {
  std::vector<Sampled> samples;
  std::vector<Opened> opened, data;
  std::set<double> nfes;
  for (const Sampled& s : all) {
    if (!can_be_shown(s.file)) continue;
    if (s.nfe > 0) nfes.insert(s.nfe);
    // Files of the same samples that hold other rows of them: the longest.
    const auto same = std::find_if(samples.begin(), samples.end(), [&](const Sampled& other) {
      return other.model == s.model && other.seed == s.seed &&
             other.file.label.facts == s.file.label.facts;
    });
    const auto at = same - samples.begin();
    const Opened found = open_rows(s.file, s.model);
    if (same == samples.end()) {
      samples.push_back(s), opened.push_back(found);
    } else if (found.place.size() > opened[at].place.size()) {
      samples[at] = s, opened[at] = found;
    }
  }
  for (const Given& file : datasets) {
    if (can_be_shown(file)) data.push_back(open_rows(file, file_name(file.path)));
  }

  constexpr int64_t many = 1500;
  const int64_t width = std::clamp<int64_t>(960 / std::max<int64_t>(1, std::ssize(nfes)), 185, 300);
  Manner manner{shared_rows(opened, many), count, columns, width, {}};
  std::vector<Tensor> points;
  for (const auto* files : {&data, &opened}) {
    for (const Opened& o : *files) {
      if (!holds_points(o.file.sizes("x"))) continue;
      points.push_back(
          o.scaling.apply(o.file.map("x").narrow(0, 0, std::min(many, o.file.sizes("x")[0]))));
    }
  }
  if (!points.empty()) manner.square = square_around(points);

  Gallery out;
  if (data.empty() && (opened.empty() || manner.rows.empty())) return out;
  for (const Opened& o : data) {
    out.alone.push_back({manner.show(o, first(shared_rows({o}, many), many)), "data: " + o.name});
  }
  const std::string noise = noise_of(samples);
  out.head = {""};
  for (const double nfe : nfes) out.head.push_back("NFE " + number(nfe));
  for (size_t i = 0; i < opened.size() && !manner.rows.empty(); ++i) {
    std::string name = opened[i].name;
    if (noise.empty() && !samples[i].seed.is_null()) name += ", seed " + plain(samples[i].seed);
    const std::string markup = manner.show(opened[i], manner.rows);
    if (samples[i].nfe <= 0) {
      out.alone.push_back({markup, name});
    } else {
      const auto column =
          static_cast<size_t>(std::distance(nfes.begin(), nfes.find(samples[i].nfe))) + 1;
      free_row(out, name, column)[column] = markup;
    }
  }
  if (!opened.empty()) {
    out.caption = "The same rows of every samples file, side by side" +
                  (noise.empty() ? std::string(". ") : ": " + noise + ". ");
  }
  if (!points.empty()) out.caption += "Points of the plane in " + in_words(manner.square) + ".";
  return out;
}

}  // namespace couplet
