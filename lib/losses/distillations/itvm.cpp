#include "losses/distillations/itvm.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

namespace {

// Of a form's r the part g = (r - s) / (t - s) is drawn, which holds at t = s too; below 1, or the
// slope from r to t would be all noise.
constexpr double nearest = 0.999;

struct Itvm : DistillationLoss {
  ItvmOptions options;
  explicit Itvm(const ItvmOptions& options)
      : DistillationLoss({.target = target_decay(options.target_ema)}), options(options) {}

  Tensor part(const DistillationPoints& p) const {
    const auto& [s, t] = p.clocks;
    if (options.between == "midpoint") return at::full_like(s, 0.5);
    if (options.between == "uniform") return p.chance.to(s.scalar_type()) * nearest;
    const Tensor sub = (options.tau / (t - s).abs()).clamp_max(0.5);  // infinite at t = s: a half
    return options.between == "s+tau" ? sub : 1 - sub;
  }

  Tensor operator()(const Distillation& models, const DistillationPoints& p) const override {
    const auto& [s, t] = p.clocks;
    const Tensor g = part(p), r = s + g * (t - s), w = expand_to(g, p.x_s);
    const auto [u_s, terminal] =
        options.form == "a" ? of_slopes(models, p, r, w) : of_ways(models, p, r, w);
    return options.lambda_initial * mean_square(u_s - velocity_at(models, p)) +
           options.lambda_terminal * mean_square(terminal);
  }

  /// u(x_s, s, end) of all ends, in one batch.
  static std::vector<Tensor> student(const Distillation& models, const DistillationPoints& p,
                                     const std::vector<Tensor>& ends) {
    const auto times = [&](const Tensor& a) {
      return at::cat(std::vector<Tensor>(ends.size(), a));
    };
    return models.student
        .average_velocity(times(p.x_s), times(p.clocks.s), at::cat(ends), times(p.pairs.label))
        .chunk(static_cast<int64_t>(ends.size()));
  }

  /// u(x_s, s, s) and the terminal residual, of either form.
  using Terms = std::pair<Tensor, Tensor>;

  static Terms of_slopes(const Distillation& models, const DistillationPoints& p, const Tensor& r,
                         const Tensor& w) {
    const auto& [s, t] = p.clocks;
    const auto u = student(models, p, {s, t, r});
    Tensor u_end;
    {
      const at::NoGradGuard no_grad;
      u_end = models.target.average_velocity(p.x_s + expand_to(r - s, p.x_s) * u[2], r, t,
                                             p.pairs.label);
    }
    // (phi(t) - phi(r)) / (t - r) with t - s divided out.
    return {u[0], (u[1] - w * u[2]) / (1 - w) - u_end};
  }

  static Terms of_ways(const Distillation& models, const DistillationPoints& p, const Tensor& r,
                       const Tensor& w) {
    const auto& [s, t] = p.clocks;
    const Tensor& label = p.pairs.label;
    const auto u = student(models, p, {s, t});
    Tensor way;
    {
      const at::NoGradGuard no_grad;
      const Tensor first = models.target.average_velocity(p.x_s, s, r, label);
      const Tensor x_r = p.x_s + expand_to(r - s, p.x_s) * first;
      way = w * first + (1 - w) * models.target.average_velocity(x_r, r, t, label);
    }
    return {u[0], u[1] - way};
  }
};

}  // namespace

std::shared_ptr<DistillationLoss> make_itvm(const ItvmOptions& options) {
  require_option(options.form == "a" || options.form == "b",
                 "option 'form' of itvm must be a or b, found ", options.form);
  const bool step = options.between == "t-tau" || options.between == "s+tau";
  require_option(step || options.between == "uniform" || options.between == "midpoint",
                 "option 'between' must be t-tau, s+tau, uniform or midpoint, found ",
                 options.between);
  require_option(options.tau > 0 && options.tau <= 1, "option 'tau' must lie in (0, 1], found ",
                 options.tau);
  require_option(step || options.tau == ItvmOptions().tau,
                 "option 'tau' has no effect on between=", options.between);
  require_option(options.lambda_initial > 0,
                 "option 'lambda_initial' must be positive: without it ",
                 "the loss does not see the teacher");
  require_option(options.lambda_terminal > 0, "option 'lambda_terminal' must be positive, found ",
                 options.lambda_terminal);
  return std::make_shared<Itvm>(options);
}

}  // namespace couplet
