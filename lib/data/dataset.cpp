#include "data/dataset.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/finite.h"
#include "base/named.h"
#include "io/rows.h"

namespace couplet {

namespace {

// The first row with a number that is not finite, -1 where all are.
int64_t first_bad_row(const Tensor& x) {
  if (!x.is_floating_point() || x.numel() == 0) return -1;
  const Tensor bad = finite_rows(x).logical_not().nonzero();
  return bad.size(0) > 0 ? bad[0][0].item<int64_t>() : -1;
}

void check_rows(const std::string& path, int64_t begin, const Tensor& x) {
  const int64_t bad = first_bad_row(x);
  require(bad < 0, path, ", x, row ", begin + bad, ": holds a number that is not finite");
}

/// All but the numbers of x themselves.
void check(const std::string& path, const Array& x, const Tensor& labels, int64_t classes,
           int64_t train) {
  require(x.rows() > 0 && !x.shape().empty(), path, ": x has sizes ", at::IntArrayRef(x.sizes()),
          ", expected (rows, …)");
  require(x.is_bytes() || x.type() == at::kFloat, path, ": x is of type ", x.type(),
          ", expected bytes or 32-bit floats");
  require(train > 0 && train <= x.rows(), path, ": has ", train, " training rows of ", x.rows());
  require(labels.dim() == 1 && labels.size(0) == x.rows(), path, ": label has sizes ",
          labels.sizes(), ", expected ", x.rows(), " rows");
  const Tensor outside = labels.lt(-1).logical_or(labels.ge(classes)).nonzero();
  if (outside.size(0) == 0) return;
  const int64_t row = outside[0][0].item<int64_t>();
  fail(path, ", label, row ", row, ": ", labels[row].item<int64_t>(), " is not in -1 .. ",
       classes - 1);
}

Tensor no_labels(int64_t rows) { return at::full({rows}, -1, at::TensorOptions(at::kLong)); }

}  // namespace

bool Dataset::is_bytes() const { return x.defined() && x.scalar_type() == at::kByte; }

Tensor Dataset::examples(const Tensor& rows, c10::Device device) const {
  return scaling.apply(x.index_select(0, rows.to(x.device())).to(device));
}

std::pair<int64_t, int64_t> split_rows(const std::string& path, int64_t train, int64_t rows,
                                       const std::string& split) {
  if (split == "all") return {0, rows};
  const bool is_train = split == "train";
  if (!is_train && split != "test") unknown("split", split, {"train", "test", "all"});
  require((is_train ? train : rows - train) > 0, path, ": has no ", split,
          " split; couplet-convert -s test=0.1 makes one");
  return is_train ? std::pair{int64_t{0}, train} : std::pair{train, rows};
}

std::pair<int64_t, int64_t> split_rows(const Dataset& data, const std::string& split) {
  return split_rows(data.path, data.train, data.rows(), split);
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
  require(data.x.dim() > 0, path, ": x is one number, expected (rows, …)");
  data.labels =
      artifact.file.has("label") ? artifact.file.read("label") : no_labels(data.x.size(0));
  within(path, [&] {
    data.space = space_of(artifact);
    data.train = artifact.fact("train").get<int64_t>();
    data.scaling = Scaling::from_json(artifact.label.facts);
  });
  const Array x(data.x);
  check(path, x, data.labels, data.space.classes, data.train);
  if (!x.is_bytes()) {
    x.for_rows([&](int64_t begin, const Tensor& rows) { check_rows(path, begin, rows); });
  }
  require(data.x.sizes().slice(1) == at::IntArrayRef(data.space.shape), path, ": x has sizes ",
          data.x.sizes(), ", its label says shape ", at::IntArrayRef(data.space.shape));
  return data;
}

void write_dataset(const Run& run, const DatasetContents& contents,
                   const std::vector<Label>& parents) {
  const auto& [x, labels, classes, train, scaling, given, more] = contents;
  check(run.output, x, labels.defined() ? labels : no_labels(x.rows()), classes, train);
  json facts = given;
  facts.update(scaling.to_json());
  facts["shape"] = x.shape();
  facts["classes"] = classes;
  facts["train"] = train;
  facts["storage"] = x.is_bytes() ? "u8" : "f32";

  Tensors columns = more;
  if (labels.defined()) columns["label"] = labels;
  std::vector<Column> layout = {{"x", x.type(), x.shape()}};
  for (const auto& [name, column] : columns) layout.push_back({name, column.scalar_type(), {}});
  RowFile file(run, x.rows(), layout);
  try {
    require(file.done() == 0 || file.note() == facts, run.partial(""),
            ": holds rows of other contents (has an input changed?); remove it");
    x.for_rows(
        [&](int64_t begin, const Tensor& part) {
          check_rows(run.output, begin, part);
          Tensors rows = {{"x", part}};
          for (const auto& [name, column] : columns) {
            rows[name] = column.narrow(0, begin, part.size(0));
          }
          file.put(begin, rows), file.advance(begin + part.size(0), facts);
          run.log->progress("writing", file.done(), file.rows());
          if (run.stop() && file.done() < file.rows()) file.pause();
        },
        file.done());
  } catch (const Unfinished&) {
    throw;
  } catch (...) {  // the same input will not do better
    file.discard();
    throw;
  }
  file.seal(run.label("dataset", facts, parents));
}

}  // namespace couplet
