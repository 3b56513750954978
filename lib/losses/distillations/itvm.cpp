#include "losses/distillations/itvm.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

namespace {

/// lambda_I || u(x_s, s, s) - v(x_s, s) ||^2
///   + lambda_T || (phi(t) - phi(r)) / (t - r) - sg u_avg(sg phi(r), r, t) ||^2,  r = t - min(tau,
///   (t - s) / 2).
/// An ITVM-style loss, reconstructed from the abstract of arXiv 2505.01169 (form A).
struct Itvm : DistillationLoss {
  ItvmOptions options;
  explicit Itvm(const ItvmOptions& options) : options(options) {}
  bool needs_average() const override { return true; }

  Tensor operator()(const Distillation& models, const Tensor& x_s, const Clocks& clocks,
                    const CoupledBatch& pairs) const override {
    const Tensor& label = pairs.label;
    const auto& [s, t] = clocks;
    const Tensor r = t - ((t - s) / 2).clamp_max(options.tau);
    const Tensor k = expand_to(((t - s) / options.tau).clamp_min(2), x_s);  // (t - s) / (t - r)

    const auto thrice = [](const Tensor& a) { return at::cat({a, a, a}); };
    const Tensor ends = at::cat({s, t, r});
    const Tensor u = models.student.average_velocity(thrice(x_s), thrice(s), ends, thrice(label));
    const auto parts = u.chunk(3);
    const Tensor &u_s = parts[0], &u_t = parts[1], &u_r = parts[2];
    Tensor v_s, u_end;
    {
      const at::NoGradGuard no_grad;
      v_s = models.teacher(x_s, s, label);
      u_end = models.average.average_velocity(x_s + expand_to(r - s, x_s) * u_r, r, t, label);
    }
    // (phi(t) - phi(r)) / (t - r) is k u_t - (k - 1) u_r, at t = s too.
    const Tensor initial = (u_s - v_s).square().mean();
    const Tensor terminal = (k * u_t - (k - 1) * u_r - u_end).square().mean();
    return options.lambda_initial * initial + options.lambda_terminal * terminal;
  }
};

}  // namespace

std::shared_ptr<DistillationLoss> make_itvm(const ItvmOptions& options) {
  require_option(options.tau > 0 && options.tau <= 1, "option 'tau' must lie in (0, 1], found ",
                 options.tau);
  require_option(options.lambda_initial > 0,
                 "option 'lambda_initial' must be positive: without it ",
                 "the loss does not see the teacher");
  return std::make_shared<Itvm>(options);
}

}  // namespace couplet
