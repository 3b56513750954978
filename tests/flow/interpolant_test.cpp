#include "flow/interpolant.h"

#include "base/error.h"
#include "flow/jvp.h"
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
    CHECK(distance(path.at(at::zeros_like(t), x0, x1), x0) < 1e-15);
    CHECK(distance(path.at(at::ones_like(t), x0, x1), x1) < 1e-15);
    const auto along = [&](const Tensor& time) { return path.at(time, x0, x1); };
    const auto [x_t, dx_t] = jvp(along, t, at::ones_like(t));
    CHECK(distance(x_t, path.at(t, x0, x1)) == 0);
    CHECK(distance(dx_t, path.velocity(t, x0, x1)) < 1e-14);
  }
}

TEST_CASE("Interpolants give the reference's coefficients", "[parity]") {
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    const Tensor t = file.read("interpolants/t");
    const Tensor x0 = file.read("interpolants/x0"), x1 = file.read("interpolants/x1");
    for (const auto& name : interpolant_names()) {
      INFO(golden << ", " << name);
      const std::string at = "interpolants/" + name + "/";
      const Interpolant& path = interpolant(name);
      CHECK(distance(path.beta(t), file.read(at + "alpha")) <
            1e-13);  // their alpha weighs the data
      CHECK(distance(path.alpha(t), file.read(at + "sigma")) < 1e-13);
      CHECK(distance(path.beta_dot(t), file.read(at + "d_alpha")) < 1e-13);
      CHECK(distance(path.alpha_dot(t), file.read(at + "d_sigma")) < 1e-13);
      CHECK(distance(path.at(t, x0, x1), file.read(at + "x_t")) < 1e-13);
      CHECK(distance(path.velocity(t, x0, x1), file.read(at + "velocity")) < 1e-13);
    }
  }
}

TEST_CASE("An unknown interpolant is refused by name", "[flow]") {
  CHECK_THROWS_WITH(interpolant("liner"), contains("did you mean 'linear'"));
  CHECK_THROWS_AS(interpolant(""), BadOption);
}
