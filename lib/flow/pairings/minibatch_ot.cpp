#include "flow/pairings/minibatch_ot.h"

#include <ATen/core/Tensor.h>

#include "transport/assignment.h"
#include "transport/cost.h"

namespace couplet {

std::shared_ptr<Pairing> make_minibatch_ot(const MinibatchOtOptions& options,
                                           const PairingInputs& inputs) {
  const int64_t n = group_size(options, inputs);
  const auto match = [mixed = options.mixed](const Batch& data, const Tensor& x0, const Tensor&) {
    return match_within(data.label, mixed, [&](const Tensor& rows) {
      const auto of = [&](const Tensor& t) { return t.index_select(0, rows); };
      return Matched{assign(squared_distances(of(x0), of(data.x))).column};
    });
  };
  return make_grouped(n, match, inputs);
}

}  // namespace couplet
