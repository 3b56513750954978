#include "flow/interpolant.h"

#include "base/error.h"
#include "flow/jvp.h"
#include "flow/solver.h"
#include "nn/diffusion.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("Interpolants begin at the noise, end at the data and know their velocity", "[flow]") {
  const at::TensorOptions real(at::kDouble);
  const Tensor x0 = at::linspace(-2, 2, 44, real).view({11, 2, 2});
  const Tensor x1 = x0.square() + 0.3, t = at::linspace(0, 1, 11, real);
  for (const auto& name : interpolant_names()) {
    INFO(name);
    const Interpolant& path = interpolant(name);
    // "vp" begins at e^(-T/2) of the data, T = 10.05.
    const Tensor rest = name == "vp" ? std::exp(-10.05 / 2) * x1 : at::zeros_like(x1);
    const double left = name == "vp" ? std::sqrt(-std::expm1(-10.05)) : 1;
    CHECK(distance(path.at(at::zeros_like(t), x0, x1), left * x0 + rest) < 1e-15);
    CHECK(distance(path.at(at::ones_like(t), x0, x1), x1) < 1e-15);
    if (name.ends_with("vp")) {
      CHECK(distance(path.alpha(t).square() + path.beta(t).square(), at::ones_like(t)) < 1e-15);
    }
    CHECK((path.last < 1) == path.velocity(at::ones_like(t), x0, x1).isinf().any().item<bool>());
  }
}

TEST_CASE("An interpolant's velocity is the slope of its path", "[flow]") {
  const Tensor x0 = at::linspace(-2, 2, 44, at::kDouble).view({11, 2, 2}), x1 = x0.square() + 0.3;
  for (const auto& name : interpolant_names()) {
    INFO(name);
    const Interpolant& path = interpolant(name);
    const Tensor t = at::linspace(0, path.last, 11, at::kDouble);
    const auto along = [&](const Tensor& time) { return path.at(time, x0, x1); };
    const auto [x_t, dx_t] = jvp(along, t, at::ones_like(t));
    CHECK(distance(x_t, path.at(t, x0, x1)) == 0);
    const Tensor slope = path.velocity(t, x0, x1);
    CHECK(slope.isfinite().all().item<bool>());
    CHECK(distance(dx_t / slope, at::ones_like(slope)) < 1e-9);
  }
}

TEST_CASE("Who knows the noise of a diffusion knows its velocity", "[flow]") {
  const Tensor x0 = at::linspace(-2, 2, 44, at::kDouble).view({11, 2, 2}), x1 = x0.square() + 0.3;
  const Interpolant& path = interpolant("vp");
  const Tensor t = at::linspace(0, 0.999, 11, at::kDouble);
  const Tensor v = velocity_of_noise(path.at(t, x0, x1), x0, t), slope = path.velocity(t, x0, x1);
  CHECK(distance(v / slope, at::ones_like(slope)) < 1e-9);
  const Tensor end = at::ones_like(t);
  CHECK(velocity_of_noise(x1, x0, end).isfinite().all().item<bool>());
}

TEST_CASE("The noise expected in a Gaussian's points carries noise to that Gaussian", "[flow]") {
  const Interpolant& path = interpolant("vp");
  const double s = 0.5, beta = std::exp(-10.05 / 2);  // beta(0)
  const Velocity v = [&](const Tensor& x, const Tensor& t) {
    const Tensor a = path.alpha(t), b = path.beta(t);
    const Tensor noise = expand_to(a / (a.square() + (s * b).square()), x) * x;
    return velocity_of_noise(x, noise, t);
  };
  const Tensor x0 = at::linspace(-2, 2, 40, at::kDouble).view({10, 4});
  const Tensor x1 = x0 * s / std::sqrt(1 - beta * beta + s * s * beta * beta);
  CHECK(distance(integrate(solver("heun"), v, x0, time_grid("uniform", 100)), x1) < 2e-3);
}

TEST_CASE("Interpolants give the reference's coefficients", "[parity]") {
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    const Tensor t = file.read("interpolants/t");
    const Tensor x0 = file.read("interpolants/x0"), x1 = file.read("interpolants/x1");
    for (const auto& name : interpolant_names()) {
      INFO(golden << ", " << name);
      const std::map<std::string, std::string> theirs = {{"linear-vp", "linear_vp"},
                                                         {"vp", "vp_beta_0.1_20"}};
      const std::string at =
          "interpolants/" + (theirs.contains(name) ? theirs.at(name) : name) + "/";
      const Interpolant& path = interpolant(name);
      const Tensor finite = file.read(at + "finite").to(at::kBool);
      const auto distance = [&](const Tensor& a, const Tensor& b) {  // rows without infinite speed
        return couplet::testing::distance(a.index({finite}), b.index({finite}));
      };
      CHECK(finite.sum().item<int64_t>() >= finite.numel() - 1);
      CHECK(distance(path.beta(t), file.read(at + "alpha")) <
            1e-13);  // their alpha weighs the data
      CHECK(distance(path.alpha(t), file.read(at + "sigma")) < 1e-13);
      CHECK(distance(path.beta_dot(t), file.read(at + "d_alpha")) < 1e-13);
      // Slopes grow without bound towards t = 1 where variance is preserved, and the reference's
      // 1 - t^2 and 1 - e^-T lose digits there: to 1e-13 of the largest.
      const auto slopes = [&](const Tensor& found, const Tensor& expected) {
        const double largest = expected.index({finite}).abs().max().item<double>();
        CHECK(distance(found, expected) < 1e-13 * std::max(1.0, largest));
      };
      slopes(path.alpha_dot(t), file.read(at + "d_sigma"));
      CHECK(distance(path.at(t, x0, x1), file.read(at + "x_t")) < 1e-13);
      slopes(path.velocity(t, x0, x1), file.read(at + "velocity"));
    }
  }
}

TEST_CASE("An unknown interpolant is refused by name", "[flow]") {
  CHECK_THROWS_WITH(interpolant("liner"), contains("did you mean 'linear'"));
  CHECK_THROWS_AS(interpolant(""), BadOption);
}
