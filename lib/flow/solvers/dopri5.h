// Dormand and Prince's adaptive solver.
#pragma once
#include "flow/velocity_field.h"

namespace couplet {

/// Carries x along the times by steps of its own choice, one for all rows, that end at each of the
/// times: v is asked nowhere beyond them. A step is kept where the root mean square, over all
/// numbers of x, of its error over atol + rtol max(|x|, |x_next|) is at most 1; norm, step sizes
/// and first step are torchdiffeq's. Evaluations: two to begin, six a step. Reads one number from
/// the device a step. Errors: v is not finite, or too steep for the tolerances.
Tensor dopri5(const Velocity& v, Tensor x, const std::vector<double>& times, double rtol,
              double atol);

}  // namespace couplet
