#include "data/process.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "formats/csv.h"

namespace couplet {

namespace {

template <class... Parts>
void note(DatasetContents& data, const Parts&... parts) {
  data.facts["steps"].push_back(text(parts...));
}

// f of images (n, C, H, W) as floats; bytes come back as bytes.
template <class F>
void change_images(Array& x, std::vector<int64_t> shape, F&& f) {
  const bool bytes = x.is_bytes();
  x = x.mapped(std::move(shape), x.type(), [f, bytes](const Tensor& images) {
    const Tensor changed = f(images.to(at::kFloat));
    return bytes ? changed.round().to(at::kByte) : changed;
  });
}

void require_images(const Array& x, const char* option) {
  require_option(x.shape().size() == 3, "option '", option,
                 "' wants images of shape [channels, height, width], found shape ",
                 at::IntArrayRef(x.shape()));
}

// One number of each row.
Tensor column_of(const Array& rows, int64_t column) {
  std::vector<Tensor> parts;
  rows.for_rows(
      [&](int64_t, const Tensor& part) { parts.push_back(part.select(1, column).clone()); });
  return at::cat(parts);
}

}  // namespace

void reshape(DatasetContents& data, const std::vector<int64_t>& shape) {
  require_option(data.scaling.scale.size() == 1,
                 "option 'shape': these columns are standardised, each by its own scale");
  const int64_t wanted = Space{shape}.dims(), found = Space{data.x.shape()}.dims();
  const bool last_is_label = found == wanted + 1 && !data.labels.defined();
  if (last_is_label) {
    const Array flat =
        data.x.mapped({found}, data.x.type(), [](const Tensor& rows) { return rows.flatten(1); });
    data.labels = labels_from(column_of(flat, wanted), "last column");
    data.classes = data.labels.max().item<int64_t>() + 1;
    note(data, "the last column is the label");
  }
  require_option(found == wanted || last_is_label, "option 'shape': ", json(shape).dump(), " has ",
                 wanted, " numbers, an example has ", found);
  data.x = data.x.mapped(shape, data.x.type(), [shape, wanted](const Tensor& rows) {
    return rows.flatten(1).narrow(1, 0, wanted).reshape(batch_of(rows.size(0), shape));
  });
  note(data, "shape ", json(shape).dump());
}

void to_range(DatasetContents& data, int64_t range) {
  require_option(range > 0 && range <= 255, "option 'range' must be in 1 .. 255, found ", range);
  data.x = data.x.mapped(data.x.shape(), at::kByte, [range](const Tensor& x) {
    const Tensor good = x.ge(0).logical_and(x.le(range)).logical_and(x.eq(x.to(at::kByte)));
    require_option(good.all().item<bool>(),
                   "option 'range': the examples are not all whole numbers 0 .. ", range);
    return x.to(at::kByte);
  });
  data.scaling = {{2.0 / static_cast<double>(range)}, {-1}};
  note(data, "whole numbers 0 .. ", range, " stored as bytes");
}

void pad_images(DatasetContents& data, int64_t size) {
  require_images(data.x, "pad");
  const int64_t channels = data.x.shape()[0], height = data.x.shape()[1], width = data.x.shape()[2],
                down = size - height, across = size - width;
  require_option(down >= 0 && across >= 0, "option 'pad': ", size, " is less than the images' ",
                 at::IntArrayRef({height, width}));
  const int64_t top = down / 2, left = across / 2;
  change_images(data.x, {channels, size, size}, [=](const Tensor& images) {
    return at::constant_pad_nd(images, {left, across - left, top, down - top});
  });
  note(data, "padded with zeros to ", size, "x", size);
}

void pool_images(DatasetContents& data, int64_t size) {
  require_images(data.x, "pool");
  const int64_t channels = data.x.shape()[0], height = data.x.shape()[1], width = data.x.shape()[2];
  require_option(size > 0 && height % size == 0 && width % size == 0, "option 'pool': ", size,
                 " does not divide the images' ", at::IntArrayRef({height, width}));
  change_images(data.x, {channels, height / size, width / size}, [size](const Tensor& images) {
    return at::avg_pool2d(images, {size, size});
  });
  note(data, "means of ", size, "x", size, " pixels");
}

void split_off_test(DatasetContents& data, double fraction, const Random& random) {
  require_option(fraction > 0 && fraction < 1, "option 'test' must be between 0 and 1, found ",
                 fraction);
  const int64_t rows = data.x.rows();
  // The margin keeps 0.1 of 1000 at 100.
  const auto test = static_cast<int64_t>(std::ceil(fraction * static_cast<double>(rows) - 1e-9));
  require_option(test < rows, "option 'test': ", fraction, " of ", rows,
                 " rows leaves none to train on");
  const Tensor order = random.stream("split").permute(row_range(0, rows), rows);
  data.x = data.x.selected(order);
  if (data.labels.defined()) data.labels = data.labels.index_select(0, order);
  for (auto& [name, column] : data.columns) column = column.index_select(0, order);
  data.columns["source_row"] = order;
  data.train = rows - test;
  note(data, "rows permuted, the last ", test, " for testing");
}

void standardise(DatasetContents& data) {
  require_option(data.x.shape().size() == 1 && data.x.type() == at::kFloat,
                 "option 'standardise' needs rows of numbers, found examples of shape ",
                 at::IntArrayRef(data.x.shape()));
  // All in memory: a mean of parts would differ in its last bits, and so would the file's content.
  const Tensor x = data.x.slice(0, data.train).to(at::kDouble);
  const Tensor mean = x.mean(0), deviation = x.std(0, /*unbiased=*/false);
  const Tensor constant = deviation.le(0).nonzero();
  require(constant.size(0) == 0, "option 'standardise': column ",
          constant.size(0) == 0 ? 0 : constant[0][0].item<int64_t>(),
          " has the same number in all rows for training; leave it out");
  const auto list = [](const Tensor& t) {
    const double* numbers = t.const_data_ptr<double>();
    return std::vector<double>(numbers, numbers + t.numel());
  };
  data.scaling = {list(1 / deviation), list(-mean / deviation)};
  note(data, "columns scaled to mean 0 and deviation 1 over the rows for training");
}

}  // namespace couplet
