// Regression on where the teacher ends.
#pragma once
#include "losses/distillation.h"

namespace couplet {

std::shared_ptr<DistillationLoss> make_endpoint(const NoOptions&);

}  // namespace couplet
