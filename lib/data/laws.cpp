#include "data/laws.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/named.h"

namespace couplet {

namespace {

// Whole numbers 0 .. count-1 out of uniforms in (0, 1].
Tensor choose(const Tensor& u, int64_t count) { return u.mul(count).floor().clamp_max(count - 1); }

// Uniforms (N, k) as k columns.
std::vector<Tensor> uniforms(const Random& random, const Tensor& rows, int64_t k) {
  return random.stream("where").uniform(rows, {k}).unbind(1);
}

Tensor noise(const Random& random, const Tensor& rows) {
  return random.stream("noise").normal(rows, {2});
}

Tensor on_circle(const Tensor& angle) { return at::stack({angle.cos(), angle.sin()}, 1); }

Tensor eight_gaussians(const Random& random, const Tensor& rows) {
  const Tensor angle = choose(uniforms(random, rows, 1)[0], 8) * (M_PI / 4);
  return (4 * on_circle(angle) + 0.3 * noise(random, rows)) / 2.85;
}

Tensor ring(const Random& random, const Tensor& rows) {
  const Tensor angle = choose(uniforms(random, rows, 1)[0], 8) * (M_PI / 4);
  return 2 * on_circle(angle) + 0.2 * noise(random, rows);
}

// Half circles about (0, 0) and (1, 1/2), moved and scaled to mean 0 and mean variance 1.
Tensor two_moons(const Random& random, const Tensor& rows) {
  const auto u = uniforms(random, rows, 2);
  const Tensor lower = u[0].gt(0.5).to(at::kFloat).unsqueeze(1), circle = on_circle(u[1] * M_PI);
  const Tensor below = at::stack({1 - circle.select(1, 0), 0.5 - circle.select(1, 1)}, 1);
  const Tensor points = at::lerp(circle, below, lower) + 0.1 * noise(random, rows);
  return 1.404 * at::stack({points.select(1, 0) - 0.5, points.select(1, 1) - 0.25}, 1);
}

// Eight of 4 x 4 cells; each coordinate alone is uniform, with variance 1.
Tensor checkerboard(const Random& random, const Tensor& rows) {
  const auto u = uniforms(random, rows, 4);
  const Tensor row = choose(u[0], 4), column = 2 * choose(u[1], 2) + row.remainder(2);
  return (at::stack({column + u[2], row + u[3]}, 1) / 2 - 1) * std::sqrt(3.0);
}

Tensor gaussian(const Random& random, const Tensor& rows) {
  const auto n = noise(random, rows).unbind(1);
  return at::stack({0.5 + n[0], -0.5 + 0.6 * n[0] + 0.4 * n[1]}, 1);
}

// Luma as Pillow has it: whole weights of 2^16.
Tensor grey(const Tensor& image) {
  if (image.dim() == 2) return image.to(at::kLong);
  const auto channel = image.to(at::kLong).unbind(2);
  return (channel[0] * 19595 + channel[1] * 38470 + channel[2] * 7471 + 0x8000)
      .bitwise_right_shift(16);
}

}  // namespace

const std::vector<Law>& laws() {
  static const std::vector<Law> table = {
      {"eight-gaussians", "eight Gaussians of std 0.3 on a circle of radius 4, divided by 2.85",
       eight_gaussians},
      {"ring", "eight Gaussians of std 0.2 on a circle of radius 2", ring},
      {"two-moons", "two interleaved half circles with noise, mean 0, mean variance 1", two_moons},
      {"checkerboard", "every other cell of 4 x 4, each coordinate of variance 1", checkerboard},
      {"gaussian", "mean (0.5, -0.5), covariance ((1, 0.6), (0.6, 0.52))", gaussian},
  };
  return table;
}

const Law& law(const std::string& name) {
  std::vector<std::string> names;
  for (const Law& law : laws()) {
    if (law.name == name) return law;
    names.push_back(law.name);
  }
  unknown("law", name, names);
}

Tensor draw_density(const Tensor& image, const Random& random, const Tensor& rows) {
  const Tensor brightness = grey(image).flip(0).to(rows.device());
  const int64_t height = brightness.size(0), width = brightness.size(1);
  const Tensor mass = (brightness.max() - brightness).flatten().cumsum(0);
  require(mass[-1].item<int64_t>() > 0, "a picture of one brightness is no density");
  // u in (0, 1] times the whole mass is in (0, mass]: the first pixel whose sum reaches it.
  const Tensor u = uniforms(random, rows, 1)[0].to(at::kDouble) * mass[-1];
  const Tensor pixel = at::searchsorted(mass.to(at::kDouble), u);
  const auto spread = noise(random, rows).unbind(1);
  const auto place = [](const Tensor& index, int64_t count) {
    return index.to(at::kFloat) * (8.0 / std::max<int64_t>(count - 1, 1)) - 4;
  };
  return at::stack({place(pixel.remainder(width), width) + spread[0] * (4.0 / width),
                    place(pixel.div(width, "floor"), height) + spread[1] * (4.0 / height)},
                   1);
}

}  // namespace couplet
