#include "losses/distillations/shortcut.h"

#include <ATen/ATen.h>

#include <bit>

#include "base/error.h"

namespace couplet {

namespace {

struct Shortcut : DistillationLoss {
  ShortcutOptions options;
  explicit Shortcut(const ShortcutOptions& options)
      : DistillationLoss({.law = false,
                          .target = target_decay(options.target_ema),
                          .teacher = by_teacher(options.velocity),
                          .jumps = "dyadic",
                          .shortest = 2 / static_cast<double>(options.steps)}),
        options(options) {}

  // The first number says whether a row learns a step, and of what length; the second where.
  Clocks draw(const TimeLaw&, const Tensor& uniform) const override {
    const auto u = uniform.unbind(1);
    const double levels = std::countr_zero(static_cast<uint64_t>(options.steps));
    const Tensor level = (u[0] / options.share * levels).floor().clamp_max(levels - 1);
    const Tensor length = at::exp2(-level);
    const Tensor s = ((u[1] / length).floor() * length).clamp_max(1 - length);  // u is 1 at times
    const Tensor step = u[0].lt(options.share);
    return {at::where(step, s, u[1]), at::where(step, s + length, u[1])};
  }

  Tensor operator()(const Distillation& models, const DistillationPoints& p) const override {
    const auto& [s, t] = p.clocks;
    const Tensor& label = p.pairs.label;
    const Tensor u = models.student.average_velocity(p.x_s, s, t, label);
    const at::NoGradGuard no_grad;
    const Tensor d = (t - s) / 2;
    const Tensor asked = at::where(d.abs().gt(1.01 / static_cast<double>(options.steps)), d, 0);
    const auto half = [&](const Tensor& x, const Tensor& from) {
      return models.target.average_velocity(x, from, from + asked, label);
    };
    const Tensor first = half(p.x_s, s);
    const Tensor second = half(p.x_s + expand_to(d, first) * first, s + d);
    const Tensor target =
        at::where(expand_to(d.ne(0), first), (first + second) / 2, velocity_at(models, p));
    const at::AutoGradMode with_gradients(true);
    return mean_square(u - target);
  }
};

}  // namespace

std::shared_ptr<DistillationLoss> make_shortcut(const ShortcutOptions& options) {
  require_option(options.steps >= 2 && std::has_single_bit(static_cast<uint64_t>(options.steps)),
                 "option 'steps' of shortcut must be a power of two from 2 on, found ",
                 options.steps);
  require_option(options.share > 0 && options.share < 1,
                 "option 'share' must lie between 0 and 1, found ", options.share);
  return std::make_shared<Shortcut>(options);
}

}  // namespace couplet
