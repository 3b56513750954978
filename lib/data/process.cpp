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

// f of the images as floats, a few thousand at a time; bytes come back as bytes.
template <class F>
void change_images(Tensor& x, const char* option, F&& f) {
  require_option(x.dim() == 4, "option '", option,
                 "' wants images of shape [channels, height, width], found shape ",
                 x.sizes().slice(1));
  std::vector<Tensor> parts;
  for (const Tensor& part : x.split(4096)) {
    const Tensor changed = f(part.to(at::kFloat));
    parts.push_back(x.scalar_type() == at::kByte ? changed.round().to(at::kByte) : changed);
  }
  x = at::cat(parts);
}

}  // namespace

void reshape(DatasetContents& data, const std::vector<int64_t>& shape) {
  require_option(data.scaling.scale.size() == 1,
                 "option 'shape': these columns are standardised, each by its own scale");
  const int64_t wanted = Space{shape}.dims(), found = data.x[0].numel();
  Tensor numbers = data.x.flatten(1);
  if (found == wanted + 1 && !data.labels.defined()) {
    data.labels = labels_from(numbers.select(1, wanted), "last column");
    data.classes = data.labels.max().item<int64_t>() + 1;
    numbers = numbers.narrow(1, 0, wanted);
    note(data, "the last column is the label");
  }
  require_option(numbers.size(1) == wanted, "option 'shape': ", json(shape).dump(), " has ", wanted,
                 " numbers, an example has ", found);
  data.x = numbers.reshape(batch_of(data.x.size(0), shape));
  note(data, "shape ", json(shape).dump());
}

void to_range(DatasetContents& data, int64_t range) {
  require_option(range > 0 && range <= 255, "option 'range' must be in 1 .. 255, found ", range);
  const Tensor& x = data.x;
  const Tensor good = x.ge(0).logical_and(x.le(range)).logical_and(x.eq(x.to(at::kByte)));
  require_option(good.all().item<bool>(),
                 "option 'range': the examples are not all whole numbers 0 .. ", range);
  data.x = x.to(at::kByte);
  data.scaling = {{2.0 / static_cast<double>(range)}, {-1}};
  note(data, "whole numbers 0 .. ", range, " stored as bytes");
}

void pad_images(DatasetContents& data, int64_t size) {
  change_images(data.x, "pad", [&](const Tensor& images) {
    const int64_t down = size - images.size(2), across = size - images.size(3);
    require_option(down >= 0 && across >= 0, "option 'pad': ", size, " is less than the images' ",
                   images.sizes().slice(2));
    const int64_t top = down / 2, left = across / 2;
    return at::constant_pad_nd(images, {left, across - left, top, down - top});
  });
  note(data, "padded with zeros to ", size, "x", size);
}

void pool_images(DatasetContents& data, int64_t size) {
  change_images(data.x, "pool", [&](const Tensor& images) {
    require_option(size > 0 && images.size(2) % size == 0 && images.size(3) % size == 0,
                   "option 'pool': ", size, " does not divide the images' ",
                   images.sizes().slice(2));
    return at::avg_pool2d(images, {size, size});
  });
  note(data, "means of ", size, "x", size, " pixels");
}

void split_off_test(DatasetContents& data, double fraction, const Random& random) {
  require_option(fraction > 0 && fraction < 1, "option 'test' must be between 0 and 1, found ",
                 fraction);
  const int64_t rows = data.x.size(0);
  // The margin keeps 0.1 of 1000 at 100.
  const auto test = static_cast<int64_t>(std::ceil(fraction * static_cast<double>(rows) - 1e-9));
  require_option(test < rows, "option 'test': ", fraction, " of ", rows,
                 " rows leaves none to train on");
  const Tensor order = random.stream("split").permute(row_range(0, rows), rows);
  data.x = data.x.index_select(0, order);
  if (data.labels.defined()) data.labels = data.labels.index_select(0, order);
  for (auto& [name, column] : data.columns) column = column.index_select(0, order);
  data.columns["source_row"] = order;
  data.train = rows - test;
  note(data, "rows permuted, the last ", test, " for testing");
}

void standardise(DatasetContents& data) {
  require_option(data.x.dim() == 2 && data.x.is_floating_point(),
                 "option 'standardise' needs rows of numbers, found examples of shape ",
                 data.x.sizes().slice(1));
  const Tensor x = data.x.narrow(0, 0, data.train).to(at::kDouble);
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
