#include "losses/flow_matching.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "flow/labels.h"

namespace couplet {

Tensor flow_matching_loss(const VelocityField& v, const Interpolant& I, const CoupledBatch& pairs,
                          const Tensor& t, const Tensor& noise) {
  const auto& [x0, x1, label] = pairs;
  Tensor x_t = I.at(t, x0, x1);
  if (noise.defined()) x_t = x_t + noise;
  const Tensor dx_t = I.velocity(t, x0, x1);
  return (v(x_t, t, label) - dx_t).square().mean();
}

void check(const FlowMatchingOptions& options) {
  interpolant(options.interpolant);
  time_laws().make(options.times);
  require_option(options.label_drop >= 0 && options.label_drop < 1,
                 "option 'loss.label_drop' must be in [0, 1), found ", options.label_drop);
  require_option(options.sigma >= 0, "option 'sigma' must be 0 or more, found ", options.sigma);
  require_option(options.sigma_min >= 0 && options.sigma_min < 1,
                 "option 'sigma_min' must be 0 or more and below 1, found ", options.sigma_min);
}

FlowMatching::FlowMatching(const FlowMatchingOptions& options, const Random& random)
    : options_(options),
      interpolant_(interpolant(options.interpolant)),
      times_(time_laws().make(options.times)),
      clock_(random.stream("times")),
      drop_(random.stream("label drop")),
      noise_(random.stream("sigma")) {
  check(options);
}

Tensor FlowMatching::operator()(const VelocityField& v, CoupledBatch pairs,
                                const Tensor& rows) const {
  pairs.label = drop_labels(pairs.label, options_.label_drop, drop_, rows);
  if (options_.sigma_min > 0) pairs.x1 = pairs.x1 + options_.sigma_min * pairs.x0;
  Tensor t = times_->draw(clock_, rows), noise;
  if (interpolant_.last < 1) t = t.clamp_max(interpolant_.last);
  if (options_.sigma > 0) {
    noise = options_.sigma * noise_.normal(rows, pairs.x1.sizes().slice(1));
  }
  return flow_matching_loss(v, interpolant_, pairs, t, noise);
}

}  // namespace couplet
