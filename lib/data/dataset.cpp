#include "data/dataset.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

namespace {

// The first row with a number that is not finite, -1 where all are; a few rows at a time.
int64_t first_bad_row(const Tensor& x) {
  if (!x.is_floating_point() || x.numel() == 0) return -1;
  const int64_t step = std::max<int64_t>(1, (1 << 22) / std::max<int64_t>(1, x[0].numel()));
  for (int64_t begin = 0; begin < x.size(0); begin += step) {
    const Tensor part = x.narrow(0, begin, std::min(step, x.size(0) - begin)).flatten(1);
    const Tensor bad = part.isfinite().all(1).logical_not().nonzero();
    h5::release_pages(part);
    if (bad.size(0) > 0) return begin + bad[0][0].item<int64_t>();
  }
  return -1;
}

void check(const std::string& path, const Tensor& x, const Tensor& labels, int64_t classes,
           int64_t train) {
  const int64_t rows = x.dim() == 0 ? 0 : x.size(0);
  require(x.dim() >= 2 && rows > 0, path, ": x has sizes ", x.sizes(), ", expected (rows, …)");
  require(x.scalar_type() == at::kByte || x.scalar_type() == at::kFloat, path, ": x is of type ",
          x.scalar_type(), ", expected bytes or 32-bit floats");
  require(train >= 0 && train <= rows, path, ": has ", train, " training rows of ", rows);
  require(labels.dim() == 1 && labels.size(0) == rows, path, ": label has sizes ", labels.sizes(),
          ", expected ", rows, " rows");
  const int64_t bad = first_bad_row(x);
  require(bad < 0, path, ", x, row ", bad, ": holds a number that is not finite");
  const Tensor outside = labels.lt(-1).logical_or(labels.ge(classes)).nonzero();
  if (outside.size(0) == 0) return;
  const int64_t row = outside[0][0].item<int64_t>();
  fail(path, ", label, row ", row, ": ", labels[row].item<int64_t>(), " is not in -1 .. ",
       classes - 1);
}

Tensor no_labels(const Tensor& x) {
  return at::full({x.dim() == 0 ? 0 : x.size(0)}, -1, at::TensorOptions(at::kLong));
}

}  // namespace

bool Dataset::is_bytes() const { return x.defined() && x.scalar_type() == at::kByte; }

Tensor Dataset::examples(const Tensor& rows, c10::Device device) const {
  return scaling.apply(x.index_select(0, rows.to(x.device())).to(device));
}

std::pair<int64_t, int64_t> split_rows(const Dataset& data, const std::string& split) {
  if (split == "all") return {0, data.rows()};
  const bool is_train = split == "train";
  require_option(is_train || split == "test", "unknown split '", split, "'",
                 did_you_mean(split, {"train", "test", "all"}), " (there are: train, test, all)");
  require((is_train ? data.train : data.rows() - data.train) > 0, data.path, ": has no ", split,
          " split; couplet-convert -s test=0.1 makes one");
  return is_train ? std::pair{int64_t{0}, data.train} : std::pair{data.train, data.rows()};
}

Tensor held_out_rows(const Dataset& data, int64_t count) {
  const int64_t begin = data.train < data.rows() ? data.train : 0;
  return row_range(begin, std::min(begin + count, data.rows()));
}

Dataset open_dataset(const std::string& path) {
  const Artifact artifact = open_artifact(path, {"dataset"});
  Dataset data;
  data.path = path;
  data.label = artifact.label;
  data.x = artifact.file.map("x");
  data.labels = artifact.file.has("label") ? artifact.file.read("label") : no_labels(data.x);
  within(path, [&] {
    data.space.shape = artifact.fact("shape").get<std::vector<int64_t>>();
    data.space.classes = artifact.fact("classes").get<int64_t>();
    data.train = artifact.fact("train").get<int64_t>();
    data.scaling = Scaling::from_json(artifact.label.facts);
  });
  check(path, data.x, data.labels, data.space.classes, data.train);
  require(data.x.sizes().slice(1) == at::IntArrayRef(data.space.shape), path, ": x has sizes ",
          data.x.sizes(), ", its label says shape ", at::IntArrayRef(data.space.shape));
  return data;
}

void write_dataset(const Run& run, const DatasetContents& contents,
                   const std::vector<Label>& parents) {
  const auto& [x, labels, classes, train, scaling, given, columns] = contents;
  check(run.output, x, labels.defined() ? labels : no_labels(x), classes, train);
  json facts = given;
  facts.update(scaling.to_json());
  facts["shape"] = x.sizes().slice(1).vec();
  facts["classes"] = classes;
  facts["train"] = train;
  facts["storage"] = x.scalar_type() == at::kByte ? "u8" : "f32";
  write_artifact(run.output, run.label("dataset", facts, parents), [&](h5::File& file) {
    file.write("x", contents.x);
    if (contents.labels.defined()) file.write("label", contents.labels);
    for (const auto& [name, column] : contents.columns) file.write(name, column);
  });
}

}  // namespace couplet
