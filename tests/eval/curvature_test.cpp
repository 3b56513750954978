#include "eval/curvature.h"

#include <cmath>

#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// Noise N(0, 1) and data N(0, s^2) with correlation c, linear interpolant, noise at t = 0:
/// v(x, t) = E[x1 - x0 | x_t = x].
Velocity toy(double s, double c) {
  return [=](const Tensor& x, const Tensor& t) {
    const Tensor variance = (1 - t).square() + (t * s).square() + 2 * t * (1 - t) * s * c;
    const Tensor covariance = t * s * s - (1 - t) + (1 - 2 * t) * s * c;
    return x * (covariance / variance).unsqueeze(1);
  };
}

}  // namespace

TEST_CASE("The curvature of the Gaussian toy is the calculator's", "[parity]") {
  for (const auto& path : golden_files("numerics", "gaussian")) {
    const h5::File file = h5::File::open(path);
    const Tensor s = file.read("toy1d/s"), theta = file.read("toy1d/theta");
    const Tensor expected = file.read("toy1d/kappa_euler128");
    const Tensor x0 =
        at::tensor({1.0, -2.0}, at::kDouble).unsqueeze(1);  // kappa is quadratic in x0
    Tensor found = at::empty_like(expected);
    for (int64_t i = 0; i < s.size(0); ++i) {
      for (int64_t j = 0; j < theta.size(1); ++j) {
        const double c = std::cos(theta[i][j].item<double>());
        const Tensor kappa = curvature(toy(s[i].item<double>(), c), x0);
        CHECK(kappa[1].item<double>() == Approx(4 * kappa[0].item<double>()).margin(1e-14));
        found[i][j] = kappa[0];
      }
    }
    CHECK(distance(found, expected) < 1e-12);
  }
}

TEST_CASE("Straight paths have no curvature", "[eval]") {
  for (const auto& device : devices()) {
    const Tensor x0 = at::arange(24, at::kFloat).view({3, 2, 2, 2}).to(device);
    const Velocity straight = [](const Tensor& x, const Tensor&) { return at::full_like(x, 0.5); };
    CHECK(curvature(straight, x0).sizes() == at::IntArrayRef({3}));
    CHECK(curvature(straight, x0).abs().max().item<double>() < 1e-12);
    // v = t: the variance of 0, 1/4, 1/2, 3/4.
    const Velocity faster = [](const Tensor& x, const Tensor& t) {
      return at::ones_like(x) * t.view({-1, 1, 1, 1});
    };
    CHECK(distance(curvature(faster, x0, 4), at::full({3}, 5.0 / 64)) < 1e-6);
    CHECK(distance(straightness(faster, x0, 4), at::full({3}, 8 * 5.0 / 64)) < 1e-5);
  }
}
