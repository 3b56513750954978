#include "flow/couplings/independent.h"

#include <ATen/ATen.h>

#include "data/batches.h"
#include "io/pairs.h"

namespace couplet {

namespace {

/// The data of a couplings file, as a dataset without a test split.
Dataset data_of(const std::string& path) {
  if (read_label(path, {"couplings", "dataset"}).kind == "dataset") return open_dataset(path);
  const Pairs pairs = read_pairs(path);
  Dataset data;
  data.path = path, data.label = pairs.artifact.label, data.space = pairs.space;
  data.scaling = pairs.scaling;
  data.x = pairs.x1, data.labels = pairs.label, data.train = pairs.size();
  return data;
}

struct Independent : Coupling {
  Dataset data;
  Batches batches;
  Random noise;

  Independent(const IndependentOptions& options, const CouplingInputs& inputs)
      : data(data_of(inputs.file)),
        batches(data, *inputs.run, options.flip),
        noise(inputs.run->random.stream("noise")) {}

  Space space() const override { return data.space; }
  const Label& source() const override { return data.label; }

  CoupledBatch draw(const Tensor& rows) const override {
    const auto [x1, label] = batches.draw(rows);
    return {noise.normal(rows, data.space.shape), x1, label};
  }
};

}  // namespace

std::shared_ptr<Coupling> make_independent(const IndependentOptions& options,
                                           const CouplingInputs& inputs) {
  return std::make_shared<Independent>(options, inputs);
}

}  // namespace couplet
