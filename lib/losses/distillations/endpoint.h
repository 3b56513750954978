// Regression on where the teacher ends.
#pragma once
#include "losses/distillation.h"

namespace couplet {

/// |phi_{0,1}(x0) - x1|^2, where the teacher carries x0 to x1. LFM (arXiv 2410.02548) names the
/// distillation of its blocks; this loss is our reading of it.
std::shared_ptr<DistillationLoss> make_endpoint(const NoOptions&);

}  // namespace couplet
