#include "flow/couplings/fresh.h"

#include <ATen/core/Tensor.h>

#include "base/threads.h"
#include "flow/data_behind.h"
#include "nn/autocast.h"

namespace couplet {

namespace {

struct Fresh : Coupling {
  Origin origin;
  Batches batches;
  std::shared_ptr<Pairing> pairing;

  Fresh(const CouplingInputs& inputs, bool flip,
        const std::function<std::shared_ptr<Pairing>(const PairingInputs&)>& make)
      : origin(data_behind(inputs.file, inputs.data, inputs.pushed)),
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
