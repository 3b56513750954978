#include "flow/couplings/fresh.h"

#include <ATen/core/Tensor.h>

#include "base/error.h"
#include "base/threads.h"
#include "data/origin.h"
#include "io/pairs.h"
#include "nn/autocast.h"

namespace couplet {

namespace {

/// The data of a couplings file, as a dataset without a test split; else as origin_of, also of one
/// that holds potentials: these belong to the rows of the dataset.
Origin data_behind(const CouplingInputs& inputs) {
  const std::string& path = inputs.file;
  if (read_label(path).kind != "couplings" || h5::File::open(path).has("potentials"))
    return origin_of(path, inputs.data);
  require_option(inputs.data.empty(), "--data has no effect: ", path, " holds its data");
  const Pairs pairs = read_pairs(path);
  Dataset data;
  data.path = path, data.label = pairs.artifact.label, data.space = pairs.space;
  data.scaling = pairs.scaling;
  data.x = pairs.x1, data.labels = pairs.label, data.train = pairs.size();
  return {.data = data};
}

struct Fresh : Coupling {
  Origin origin;
  Batches batches;
  std::shared_ptr<Pairing> pairing;

  Fresh(const CouplingInputs& inputs, bool flip,
        const std::function<std::shared_ptr<Pairing>(const PairingInputs&)>& make)
      : origin(data_behind(inputs)),
        batches(origin.data, *inputs.run, flip),
        pairing(make({batches, origin.data, inputs.run, origin.model ? &*origin.model : nullptr,
                      origin.pairs ? &*origin.pairs : nullptr})) {}

  Space space() const override { return origin.data.space; }
  const Label& source() const override { return origin.label(); }
  CoupledBatch draw(const Tensor& rows) const override {
    // In fp32 whatever the training is in, and the same for any number of threads.
    const Autocast exact(false, rows.device().type());
    const OneThread same_sums;
    return pairing->make(rows);
  }
};

}  // namespace

std::shared_ptr<Coupling> draw_afresh(
    const CouplingInputs& inputs, bool flip,
    const std::function<std::shared_ptr<Pairing>(const PairingInputs&)>& make) {
  return std::make_shared<Fresh>(inputs, flip, make);
}

}  // namespace couplet
