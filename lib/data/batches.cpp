#include "data/batches.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "data/augment.h"

namespace couplet {

namespace {

// Data up to this size are held in the device's memory.
constexpr size_t resident_bytes = size_t{4} << 30;

}  // namespace

Batches::Batches(const Dataset& data, const Run& run, bool flip, int64_t times)
    : space_(data.space),
      scaling_(data.scaling),
      x_(data.x.narrow(0, 0, data.train)),
      labels_(data.labels.narrow(0, 0, data.train)),
      device_(run.device),
      flip_(flip),
      times_(times),
      shuffle_(run.random.stream("examples")),
      flips_(run.random.stream("flip")) {
  require_option(!flip || space_.shape.size() == 3, "option 'flip' needs images");
  if (!device_.is_cpu() && x_.nbytes() < resident_bytes) {
    x_ = x_.to(device_), labels_ = labels_.to(device_);
  }
}

Tensor Batches::shuffled(const Tensor& numbers) const {
  return shuffle_.permute(numbers.to(x_.device()), size());
}

Tensor Batches::examples(const Tensor& numbers) const {
  return times_ == 0 ? shuffled(numbers) : numbers.to(x_.device()).div(times_, "floor");
}

Tensor Batches::flips(const Tensor& numbers) const {
  return flip_ ? flips_.uniform(numbers, {}) <= 0.5 : Tensor();
}

Batch Batches::take(const Tensor& example, const Tensor& flip) const {
  const Tensor x = scaling_.apply(x_.index_select(0, example.to(x_.device())).to(device_));
  return {flip.defined() ? mirrored(x, flip) : x, labels(example)};
}

Tensor Batches::labels(const Tensor& example) const {
  return labels_.index_select(0, example.to(labels_.device())).to(device_);
}

}  // namespace couplet
