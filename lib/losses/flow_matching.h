// Flow matching: a velocity field fitted to the paths of pairs.
#pragma once
#include "flow/coupling.h"
#include "flow/interpolant.h"
#include "flow/times.h"
#include "flow/velocity_field.h"

namespace couplet {

/// E || v(x_t, t) - dx_t/dt ||^2, a mean over batch and components (Lipman et al. 2210.02747).
/// t: (N), one time a pair. noise: (N, *shape), added to x_t (conditional flow matching's sigma
/// eps, 2302.00482), or undefined.
Tensor flow_matching_loss(const VelocityField& v, const Interpolant& I, const CoupledBatch& pairs,
                          const Tensor& t, const Tensor& noise = {});

struct FlowMatchingOptions {
  std::string interpolant = "linear";
  Component times{time_laws(), "uniform"};
  double sigma = 0, sigma_min = 0;
  double label_drop = 0.1;
  void describe(auto&& option) {
    option("interpolant", interpolant,
           "path between noise and data: linear, trigonometric, linear-vp or vp");
    option("times", times, "law of the clock");
    option("sigma", sigma, "noise added to the points of the path (torchcfm); 0: none");
    option("sigma_min", sigma_min,
           "paths end at x1 + sigma_min x0, as Lipman's, in place of x1; 0: at x1");
    option("label_drop", label_drop, "share of the labels dropped, for guidance");
  }
};

/// Errors: BadOption.
void check(const FlowMatchingOptions& options);

/// Draws the clock and drops labels by row, then takes the loss.
class FlowMatching {
 public:
  FlowMatching(const FlowMatchingOptions& options, const Random& random);
  Tensor operator()(const VelocityField& v, CoupledBatch pairs, const Tensor& rows) const;

 private:
  FlowMatchingOptions options_;
  const Interpolant& interpolant_;
  std::shared_ptr<TimeLaw> times_;
  Random clock_, drop_, noise_;
};

}  // namespace couplet
