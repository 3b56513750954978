#include "data/batches.h"

#include <ATen/ATen.h>

#include "data/augment.h"

namespace couplet {

namespace {

// Data up to this size are held in the device's memory.
constexpr size_t resident_bytes = size_t{4} << 30;

}  // namespace

Batches::Batches(const Dataset& data, const Run& run, bool flip)
    : scaling_(data.scaling),
      x_(data.x.narrow(0, 0, data.train)),
      labels_(data.labels.narrow(0, 0, data.train)),
      device_(run.device),
      flip_(flip),
      shuffle_(run.random.stream("examples")),
      flips_(run.random.stream("flip")) {
  if (!device_.is_cpu() && x_.nbytes() < resident_bytes) {
    x_ = x_.to(device_), labels_ = labels_.to(device_);
  }
}

Batch Batches::draw(const Tensor& rows) const {
  const Tensor example = shuffle_.permute(rows.to(x_.device()), x_.size(0));
  Tensor x = scaling_.apply(x_.index_select(0, example).to(device_));
  if (flip_) x = mirrored(x, flips_.uniform(rows, {}) <= 0.5);
  return {x, labels_.index_select(0, example).to(device_)};
}

}  // namespace couplet
