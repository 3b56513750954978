#include "flow/density.h"

#include "mixture.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const at::TensorOptions real(at::kDouble);

std::vector<double> falling(int64_t steps) {
  auto times = time_grid("uniform", steps);
  return {times.rbegin(), times.rend()};
}

/// A field of images (1, 2, 2) that turns and bends.
Tensor bent(const Tensor& x, const Tensor& t) {
  const Tensor flat = x.flatten(1);
  return (flat.roll(1, 1) * t.unsqueeze(1) + (2 * flat).sin() * flat.roll(2, 1)).view_as(x);
}

}  // namespace

TEST_CASE("The divergence is the trace of the Jacobian, and probes estimate it", "[flow]") {
  const Tensor x = Random(1).normal(row_range(0, 6), {1, 2, 2}).to(at::kDouble);
  const Tensor t = at::linspace(0, 1, 6, real);
  const auto [v, divergence] = exact_divergence(bent, x, t);
  CHECK(distance(v, bent(x, t)) == 0);
  CHECK_FALSE(divergence.requires_grad());
  Tensor trace = at::zeros({6}, real);
  for (int64_t i = 0; i < 4; ++i) {
    Tensor step = at::zeros_like(x);
    step.flatten(1).select(1, i).fill_(1e-5);
    trace += ((bent(x + step, t) - bent(x - step, t)) / 2e-5).flatten(1).select(1, i);
  }
  CHECK(distance(divergence, trace) < 1e-9);

  // All sixteen corners together are no estimate any more.
  const Tensor corner = row_range(0, 16).unsqueeze(1);
  const Tensor bits = corner.div(at::tensor({1, 2, 4, 8}, at::kLong), "floor").remainder(2);
  const Tensor probes = (2 * bits - 1).view({16, 1, 1, 2, 2}).expand({16, 6, 1, 2, 2});
  CHECK(distance(hutchinson(probes.to(at::kDouble))(bent, x, t).divergence, divergence) < 1e-12);

  const Random random(3);
  const Tensor drawn = draw_probes(random, row_range(0, 400), 2, {1, 2, 2});
  CHECK(at::equal(drawn.abs(), at::ones_like(drawn)));
  CHECK(std::abs(drawn.mean().item<double>()) < 0.06);
  CHECK(at::equal(draw_probes(random, row_range(7, 9), 2, {1, 2, 2}), drawn.slice(1, 7, 9)));

  // A field that does not see x does not spread.
  const Velocity constant = [](const Tensor& x, const Tensor&) { return at::ones_like(x); };
  CHECK(exact_divergence(constant, x, t).divergence.abs().max().item<double>() == 0);
}

TEST_CASE("An affine field has its determinant, whatever the solver", "[flow]") {
  const Tensor A = at::tensor({0.3, -0.8, 0.5, -0.1}, real).view({2, 2});
  const Velocity v = [&](const Tensor& x, const Tensor&) { return x.matmul(A.t()); };
  const Tensor x = Random(2).normal(row_range(0, 5), {2}).to(at::kDouble);
  for (const auto& name : solver_names()) {
    if (solver(name).adaptive != nullptr) continue;  // its steps depend on the log-determinant too
    INFO(name);
    const Encoded code = encode(solver(name), v, exact_divergence, x, falling(16));
    CHECK(distance(code.logdet, at::full({5}, -0.2, real)) < 1e-12);
    CHECK(distance(code.z, integrate(solver(name), v, x, falling(16))) == 0);
  }
  const Encoded code = encode(solver("rk4"), v, exact_divergence, x, falling(64));
  CHECK(distance(code.z, x.matmul(at::linalg_matrix_exp(-A).t())) < 1e-9);
}

TEST_CASE("Likelihoods are the reference's", "[parity]") {
  for (const auto& golden : golden_files("numerics", "flow")) {
    INFO(golden);
    const h5::File file = h5::File::open(golden);
    const auto read = [&](const std::string& name) { return file.read("likelihood/" + name); };
    const std::string group = "ode/gaussian_mixture/";
    const Mixture law{file.read(group + "weights"), file.read(group + "means"),
                      file.read(group + "stds").square()};
    const Velocity v = law.block(interpolant("linear"), 0, 1);
    const Tensor field_t = file.read(group + "field_t"), x_start = file.read(group + "x_start");
    for (int64_t i = 0; i < field_t.size(0); ++i) {
      const Tensor t = field_t[i].expand({x_start.size(0)});
      CHECK(distance(v(x_start, t), file.read(group + "field_values")[i]) < 1e-12);
    }

    const Tensor x = read("x"), times = read("divergence_t");
    for (int64_t i = 0; i < times.size(0); ++i) {
      const Tensor t = times[i].expand({x.size(0)});
      CHECK(distance(exact_divergence(v, x, t).divergence, read("divergence_values")[i]) < 1e-11);
    }
    for (const auto& [name, method] : {std::pair{"euler", "euler"}, {"rk4_classical", "rk4"}}) {
      for (const int64_t steps : {8, 16, 32}) {
        INFO(name << ", " << steps << " steps");
        const Encoded code = encode(solver(method), v, exact_divergence, x, falling(steps));
        const Tensor expected = read(text("log_p_", name, "_", steps, "_steps"));
        CHECK(distance(log_prob(code), expected) < 1e-11 * expected.abs().max().item<double>());
      }
    }
    CHECK(distance(law.log_density(x), read("log_p_exact")) < 1e-12);
    const Encoded code = encode(solver("rk4"), v, exact_divergence, x, falling(4000));
    CHECK(distance(code.z, read("z_at_t0")) < 1e-10);
    CHECK(distance(-code.logdet, read("divergence_integral")) < 1e-10);
    CHECK(distance(log_prob(code), read("log_p_exact")) < 1e-10);
  }
}
