// How noise is carried along a velocity field: by which solver, along which times.
#pragma once
#include <optional>

#include "flow/generator.h"
#include "flow/sde.h"
#include "flow/solver.h"

namespace couplet {

struct Integrator {
  Solver solver;           ///< of the differential equation,
  std::optional<Sde> sde;  ///< or of the stochastic one where this is given
  std::vector<double> times;
  Random noise{0};  ///< of the stochastic one
  json protocol;    ///< solver, steps, and what else decides the path

  /// rows: (N), which decide the noise of a stochastic solver.
  Tensor operator()(const Velocity& v, const Tensor& x0, const Tensor& rows) const;
};

/// As the options say, for a field trained along a path. Errors: BadOption, for options without
/// effect too.
Integrator make_integrator(const SamplingOptions& options, const Interpolant& path,
                           const Random& noise);

/// The options' times from 0 to 1: listed, or a grid of so many steps where they name none.
std::vector<double> chosen_times(const SamplingOptions& options, int64_t steps);

/// Evaluations of v a sample, those of the null branch of guidance among them; not for an adaptive
/// solver.
int64_t evaluations(const Integrator& integrator,
                    const std::function<LabelledVelocity(LabelledVelocity)>& guided);

}  // namespace couplet
