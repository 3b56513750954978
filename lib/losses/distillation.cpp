#include "losses/distillation.h"

#include <ATen/ATen.h>

#include "flow/labels.h"
#include "losses/distillations/endpoint.h"
#include "losses/distillations/itvm.h"
#include "losses/distillations/lagrangian.h"

namespace couplet {

const Registry<DistillationLoss>& distillation_losses() {
  static const Registry<DistillationLoss> table(
      "distillation loss",
      {
          {"itvm", "initial velocity of the teacher, terminal velocity of the average (2505.01169)",
           make_itvm},
          {"lagrangian",
           "velocity at the end point, by forward-mode differentiation (LFMD, 2406.07507)",
           make_lagrangian},
          {"endpoint",
           "the teacher's end of the whole way, of a block or several (LFM, 2410.02548)",
           make_endpoint},
      });
  return table;
}

Distiller::Distiller(const DistillOptions& options, const Interpolant& path, const Random& random)
    : options_(options),
      path_(path),
      loss_(distillation_losses().make(options.loss)),
      clock_(random.stream("times")),
      drop_(random.stream("label drop")) {}

Tensor Distiller::operator()(const Distillation& models, CoupledBatch pairs,
                             const Tensor& rows) const {
  const auto u = clock_.uniform(rows, {2}).unbind(1);
  const Clocks clocks{at::minimum(u[0], u[1]), at::maximum(u[0], u[1])};
  pairs.label = drop_labels(pairs.label, options_.label_drop, drop_, rows);
  return (*loss_)(models, path_.at(clocks.s, pairs.x0, pairs.x1), clocks, pairs);
}

}  // namespace couplet
