#include "nn/diffusion.h"

#include <ATen/ATen.h>

#include "base/space.h"

namespace couplet {

namespace {

constexpr double least = 0.1, most = 20;  // of the schedule, at the data and at the noise
constexpr double last_step = 1 - 1e-3;    // of the thousand of 2006.11239

}  // namespace

Tensor noised(const Tensor& t) { return (most - least) / 2 * (1 - t).square() + least * (1 - t); }

Tensor noised_dot(const Tensor& t) { return -(most - least) * (1 - t) - least; }

Tensor velocity_of_noise(const Tensor& x, const Tensor& noise, const Tensor& t) {
  const Tensor before = t.clamp_max(last_step);
  const Tensor alpha = (-(-noised(before)).expm1()).sqrt();
  return expand_to(-noised_dot(before) / 2, x) * (x - noise / expand_to(alpha, x));
}

}  // namespace couplet
