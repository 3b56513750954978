#include "losses/distillations/meanflow.h"

#include "losses/distillations/eulerian.h"

namespace couplet {

std::shared_ptr<DistillationLoss> make_meanflow(const MeanFlowOptions& options) {
  return eulerian(by_teacher(options.velocity), derivative(options.derivative), /*sg=*/true);
}

}  // namespace couplet
