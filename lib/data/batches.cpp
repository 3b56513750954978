#include "data/batches.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "data/augment.h"
#include "data/resident.h"

namespace couplet {

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
  keep_on(device_, {&x_, &labels_});
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
