// What all velocity fields of published code have in common.
#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "flow/loading.h"
#include "flow/interpolant.h"
#include "flow/published.h"

namespace couplet {

namespace {

bool of_noise(const Checkpoint& field) {
  return field.blocks[0].net.value("predicts", "velocity") == "noise";
}

/// Where a clock that runs the other way begins: it reads this at our t = 0. That of a diffusion
/// counts steps before which there was noise already: K (1 - t) - 1 of K.
double start_of_other_clock(const Checkpoint& field) {
  return of_noise(field) ? 1 - 1 / field.blocks[0].net.at("time_scale").get<double>() : 1;
}

/// v, or whatever the network says, of sixteen draws at one time.
Tensor of_draws(const VelocityField& v, const Space& space, double t, const Run& run) {
  const at::NoGradGuard no_grad;
  const Tensor rows = row_range(0, 16, run.device);
  const Tensor x = run.random.stream("check").normal(rows, space.shape);
  const Tensor label = space.classes > 0 ? rows.remainder(space.classes) : at::full_like(rows, -1);
  return v(x, at::full({16}, t, x.options()), label);
}

}  // namespace

void ask_of_field(const WeightOptions& o, const std::string& path) {
  need(!o.shape.empty(), path, "the shape of an example", "'weights.shape=[3,32,32]'");
  require_option(o.shape.size() == 3, "option 'weights.shape' = ", at::IntArrayRef(o.shape), ": ",
                 path, " is a network for images, [channels,height,width]");
  require_option(o.heads == 0 || o.head == 0,
                 "options 'weights.heads' and 'weights.head': give one of them");
  need(o.heads > 0 || o.head > 0, path, "its attention heads",
       "weights.heads=4, or the width of each: weights.head=64");
  idle(o.eta >= 0, path, "eta", "velocity field");
  require_option(o.time_scale >= 0, "option 'weights.time_scale' must be positive, found ",
                 o.time_scale);
  require_option(o.noise_at >= -1 && o.noise_at <= 1,
                 "option 'weights.noise_at' must be 0 or 1, found ", o.noise_at);
  require_option(o.label_drop == -1 || (o.label_drop >= 0 && o.label_drop < 1),
                 "option 'weights.label_drop' must be in [0, 1), found ", o.label_drop);
  if (!o.interpolant.empty()) interpolant(o.interpolant);
}

json check_field(const Checkpoint& model, const Run& run) {
  const VelocityField v{load_backbone(model, 1, run.device)};
  json speeds = json::array();
  for (const double t : {0., 0.5, 1.}) {
    const double speed = of_draws(v, model.space, t, run).square().mean().sqrt().item<double>();
    if (!std::isfinite(speed)) run.log->warn("the velocity of normal draws is not finite");
    speeds.push_back(speed);
  }
  return {{"velocity_rms", speeds}};
}

void turn_clock(Checkpoint& field, const Published& network) {
  Tensors& weights = field.blocks[0].weights;
  Tensor& w = weights.at(text(network.clock, ".weight"));
  const int64_t half = w.size(1) / 2;
  const Tensor k = at::arange(half, at::kDouble) / static_cast<double>(half);
  const Tensor f = at::pow(10000., -k) * field.blocks[0].net.at("time_scale").get<double>() *
                   start_of_other_clock(field);
  const Tensor cos = f.cos(), sin = f.sin();
  const auto of = w.to(at::kDouble).chunk(2, 1);
  w = at::cat({of[0] * cos + of[1] * sin, of[0] * sin - of[1] * cos}, 1).to(at::kFloat);
  if (of_noise(field)) return;
  for (const char* part : {".weight", ".bias"}) {
    Tensor& last = weights.at(text(network.last, part));
    last = -last;
  }
}

double turning_error(Checkpoint field, Checkpoint before, const Run& run) {
  const double start = start_of_other_clock(field), sign = of_noise(field) ? 1 : -1;
  field.blocks[0].net.erase("predicts"), before.blocks[0].net.erase("predicts");
  const VelocityField turned{load_backbone(field, 1, run.device)},
      given{load_backbone(before, 1, run.device)};
  double error = 0;
  for (const double t : {0., 0.3, 1.}) {
    const Tensor off =
        of_draws(turned, field.space, t, run) - sign * of_draws(given, field.space, start - t, run);
    error = std::max(error, off.abs().max().item<double>());
  }
  return error;
}

}  // namespace couplet
