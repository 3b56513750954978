#include "losses/flow_matching.h"

#include <ATen/ATen.h>

#include "flow/labels.h"

namespace couplet {

Tensor flow_matching_loss(const VelocityField& v, const Interpolant& I, const CoupledBatch& pairs,
                          const Tensor& t) {
  const auto& [x0, x1, label] = pairs;
  const Tensor x_t = I.at(t, x0, x1);
  const Tensor dx_t = I.velocity(t, x0, x1);
  return (v(x_t, t, label) - dx_t).square().mean();
}

FlowMatching::FlowMatching(const FlowMatchingOptions& options, const Random& random)
    : options_(options),
      interpolant_(interpolant(options.interpolant)),
      times_(time_laws().make(options.times)),
      clock_(random.stream("times")),
      drop_(random.stream("label drop")) {}

Tensor FlowMatching::operator()(const VelocityField& v, CoupledBatch pairs,
                                const Tensor& rows) const {
  pairs.label = drop_labels(pairs.label, options_.label_drop, drop_, rows);
  return flow_matching_loss(v, interpolant_, pairs, times_->draw(clock_, rows));
}

}  // namespace couplet
