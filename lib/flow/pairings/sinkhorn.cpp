#include "flow/pairings/sinkhorn.h"

#include <ATen/core/Tensor.h>

namespace couplet {

std::shared_ptr<Pairing> make_sinkhorn(const SinkhornOptions& options,
                                       const PairingInputs& inputs) {
  const int64_t n = group_size(options, inputs);
  const Random chance = inputs.run->random.stream("plan");
  const auto log = inputs.run->log;
  const auto match = [=](const Batch& data, const Tensor& x0, const Tensor& numbers) {
    Matched matched;
    const Tensor uniform = chance.uniform(numbers, {});
    matched.row = match_within(data.label, options.mixed, [&](const Tensor& rows) {
      const auto of = [&](const Tensor& t) { return t.index_select(0, rows); };
      if (rows.size(0) == 1) return rows * 0;
      const EntropicPlan plan = sinkhorn(of(x0).flatten(1), of(data.x).flatten(1), options.plan);
      matched.error = std::max(matched.error, plan.error);
      return draw_columns(plan, of(uniform));
    });
    if (matched.error > options.plan.tolerance) {
      log->warn(text("after ", options.plan.iterations, " iterations a marginal is still ",
                     matched.error,
                     " off; a larger coupling.epsilon or more "
                     "coupling.iterations bring it below coupling.tolerance"));
    }
    return matched;
  };
  return make_grouped(n, match, inputs);
}

}  // namespace couplet
