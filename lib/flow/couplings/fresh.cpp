#include "flow/couplings/fresh.h"

#include <ATen/core/Tensor.h>

#include "data/origin.h"
#include "io/pairs.h"

namespace couplet {

namespace {

/// The data of a couplings file, as a dataset without a test split.
Origin data_of_pairs(const std::string& path) {
  const Pairs pairs = read_pairs(path);
  Dataset data;
  data.path = path, data.label = pairs.artifact.label, data.space = pairs.space;
  data.scaling = pairs.scaling;
  data.x = pairs.x1, data.labels = pairs.label, data.train = pairs.size();
  return {std::nullopt, data};
}

struct Fresh : Coupling {
  Origin origin;
  Batches batches;
  std::shared_ptr<Pairing> pairing;

  Fresh(const CouplingInputs& inputs, bool flip,
        const std::function<std::shared_ptr<Pairing>(const PairingInputs&)>& make)
      : origin(read_label(inputs.file).kind == "couplings" ? data_of_pairs(inputs.file)
                                                           : origin_of(inputs.file, inputs.data)),
        batches(origin.data, *inputs.run, flip),
        pairing(make({batches, origin.data, origin.model ? &*origin.model : nullptr, inputs.run})) {
  }

  Space space() const override { return origin.data.space; }
  const Label& source() const override {
    return origin.model ? origin.model->label : origin.data.label;
  }
  CoupledBatch draw(const Tensor& rows) const override { return pairing->make(rows); }
};

}  // namespace

std::shared_ptr<Coupling> draw_afresh(
    const CouplingInputs& inputs, bool flip,
    const std::function<std::shared_ptr<Pairing>(const PairingInputs&)>& make) {
  return std::make_shared<Fresh>(inputs, flip, make);
}

}  // namespace couplet
