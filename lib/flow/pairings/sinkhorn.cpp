#include "flow/pairings/sinkhorn.h"

#include <ATen/core/Tensor.h>

#include <mutex>

namespace couplet {

std::shared_ptr<Pairing> make_sinkhorn(const SinkhornOptions& options,
                                       const PairingInputs& inputs) {
  const int64_t n = group_size(options, inputs);
  const Random chance = inputs.run->random.stream("plan");
  const auto log = inputs.run->log;
  const auto warned = std::make_shared<std::once_flag>();
  const auto match = [=](const Batch& data, const Tensor& x0, const Tensor& numbers) {
    const Tensor uniform = chance.uniform(numbers, {});
    const Matched matched = match_within(data.label, options.mixed, [&](const Tensor& rows) {
      if (rows.size(0) == 1) return Matched{rows * 0};
      const auto of = [&](const Tensor& t) { return t.index_select(0, rows); };
      const EntropicPlan plan = sinkhorn(of(x0).flatten(1), of(data.x).flatten(1), options.plan);
      return Matched{draw_columns(plan, of(uniform)), plan.error};
    });
    if (matched.error > options.plan.tolerance) {
      std::call_once(*warned, [&] {
        log->warn(text("after ", options.plan.iterations, " iterations a marginal is still ",
                       matched.error,
                       " off; more coupling.iterations or a larger "
                       "coupling.epsilon bring it below coupling.tolerance"));
      });
    }
    return matched;
  };
  return make_grouped(n, match, inputs);
}

}  // namespace couplet
