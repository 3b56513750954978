// Local flow matching without a network: blocks between mixtures, whose velocities are known.
#include "flow/chain.h"

#include "base/error.h"
#include "mixture.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const at::TensorOptions in_double(at::kDouble);
const std::vector<std::string> paths = {"linear", "trigonometric"};

Tensor no_label(const Tensor& x) { return at::full({x.size(0)}, -1, at::kLong); }

Encoded encoded(const Chain& chain, const Tensor& x, int64_t steps,
                const std::string& method = "rk4") {
  return encode(chain, solver(method), exact_divergence, x, no_label(x),
                time_grid("uniform", steps));
}
Tensor generated(const Chain& chain, const Tensor& x0, int64_t steps) {
  const auto carry = [&](const Velocity& v, const Tensor& x) {
    return integrate(solver("rk4"), v, x, time_grid("uniform", steps));
  };
  return generate(chain, carry, x0, no_label(x0));
}

/// Two blocks of different affine fields.
Chain two_affine() {
  const Tensor A = at::tensor({0.5, 0.2, -0.3, 0.1}, in_double).view({2, 2});
  return {[A](const Tensor& x, const Tensor&, const Tensor&) { return x.matmul(A.t()); },
          [](const Tensor& x, const Tensor& t, const Tensor&) {
            return x * at::tensor({0.4, -0.7}, in_double) + t.unsqueeze(1);
          }};
}

}  // namespace

TEST_CASE("The blocks of a Gaussian are affine, with the map and determinant of the theory",
          "[flow]") {
  // m = 1.3, S = 0.3, x = 0.7; whatever the interpolant.
  const Mixture law = mixture({1}, {1.3}, {0.3});
  const Tensor x = at::full({1, 1}, 0.7, in_double);
  for (const auto& path : paths) {
    for (const auto& [gamma, end, logdet] : {std::tuple{0.025, 0.63468311, 0.0538879},
                                             {0.1, 0.46056092, 0.1763702},
                                             {0.5, -0.15542818, 0.4531097}}) {
      INFO(path << ", gamma " << gamma);
      const Encoded code = encoded(law.chain(interpolant(path), {gamma}, false), x, 200);
      CHECK(code.z.item<double>() == Approx(end).margin(1e-7));
      CHECK(code.logdet.item<double>() == Approx(logdet).margin(1e-6));
    }
    // N(0, I) is at rest, in the free block too.
    const Mixture rest = mixture({1}, {0}, {1});
    const Encoded code = encoded(rest.chain(interpolant(path), {0.1, 0.7}), x, 20);
    CHECK(code.z.item<double>() == Approx(0.7).margin(1e-4));
    CHECK(std::abs(code.logdet.item<double>()) < 1e-4);
  }
}

TEST_CASE("A chain of exact blocks gives the density of a mixture", "[flow]") {
  const Mixture law = mixture({0.5, 0.5}, {-2, 2}, {0.25, 0.25});
  const Tensor x = law.draw(400), exact = law.log_density(x);
  const auto error = [&](const Chain& chain, int64_t steps) {
    return distance(log_prob(encoded(chain, x, steps)), exact);
  };
  for (const auto& path : paths) {
    const Interpolant& I = interpolant(path);
    const Chain global = law.chain(I, {}), local = law.chain(I, {0.1, 0.15, 0.225});
    const double far = error(global, 40), near = error(local, 40);
    INFO(path << ": one block " << far << ", four " << near);
    CHECK(far < 2e-4);
    CHECK(near < 1e-5);
    CHECK(near < far / 20);               // small steps are easier to solve
    CHECK(error(local, 20) / near > 10);  // of order 4
    CHECK(error(global, 20) / far > 10);
    // Euler's steps flatter: log p comes out too high.
    const Tensor rough = log_prob(encoded(local, x, 149, "euler"));
    CHECK((rough - exact).mean().item<double>() > 1e-3);
  }
}

TEST_CASE("Chains go there and back, block by block, with the determinant of the whole", "[flow]") {
  const Mixture law{at::tensor({0.4, 0.6}, in_double),
                    at::tensor({-1.0, 0.5, 1.2, -0.3}, in_double).view({2, 2}),
                    at::tensor({0.2, 0.4}, in_double)};
  const Chain chain = law.chain(interpolant("linear"), {0.1, 0.2});
  const Tensor x = law.draw(7);
  const auto times = time_grid("uniform", 40);
  const Encoded code = encoded(chain, x, 40);
  CHECK(distance(generated(chain, code.z, 40), x) < 1e-6);
  CHECK(distance(push(chain, solver("rk4"), x, no_label(x), times), code.z) < 1e-14);

  Encoded by_block{x, at::zeros({7}, in_double)};
  for (const auto& v : chain) {
    const Encoded one = encoded({v}, by_block.z, 40);
    by_block = {one.z, by_block.logdet + one.logdet};
  }
  CHECK(distance(by_block.z, code.z) == 0);
  CHECK(distance(by_block.logdet, code.logdet) < 1e-14);

  std::vector<Tensor> columns;
  for (int64_t i = 0; i < 2; ++i) {
    Tensor step = at::zeros_like(x);
    step.select(1, i).fill_(1e-5);
    columns.push_back((encoded(chain, x + step, 40).z - encoded(chain, x - step, 40).z) / 2e-5);
  }
  const Tensor determinant = at::linalg_det(at::stack(columns, 2)).abs().log();
  CHECK(distance(determinant, code.logdet) < 1e-6);
}

TEST_CASE("Generation takes the last block first", "[flow]") {
  const Chain chain = two_affine(), swapped = {chain[1], chain[0]};
  const Tensor x = Random(4).normal(row_range(0, 5), {2}).to(at::kDouble);
  const Tensor z = encoded(chain, x, 32).z;
  CHECK(distance(generated(chain, z, 32), x) < 1e-7);
  CHECK(distance(generated(swapped, z, 32), x) > 0.1);
}

TEST_CASE("A chain is one field too, its blocks one after the other", "[flow]") {
  const Chain chain = two_affine();
  const Tensor x = Random(5).normal(row_range(0, 5), {2}).to(at::kDouble), none = no_label(x);
  const auto whole = time_grid("uniform", 16), half = time_grid("uniform", 8);
  const auto carry = [&](const Velocity& v, const Tensor& x) {
    return integrate(solver("euler"), v, x, half);
  };
  const Tensor end = integrate(solver("euler"), bind(concatenated(chain), none), x, whole);
  CHECK(distance(end, generate(chain, carry, x, none)) < 1e-12);
  // Rows of different blocks in one batch.
  const Tensor t = at::tensor({0.0, 0.25, 0.5, 0.75, 1.0}, in_double);
  const Tensor v = concatenated(chain)(x, t, none);
  CHECK(distance(v.narrow(0, 0, 2), 2 * chain[1](x, 2 * t, none).narrow(0, 0, 2)) == 0);
  CHECK(distance(v.narrow(0, 2, 3), 2 * chain[0](x, 2 * t - 1, none).narrow(0, 2, 3)) == 0);
}

TEST_CASE("A short block moves points by the score", "[flow]") {
  const Mixture law = mixture({0.3, 0.7}, {-1, 1}, {0.3, 0.5});
  Tensor x = at::linspace(-2, 2, 9, in_double).unsqueeze(1).requires_grad_();
  law.log_density(x).sum().backward();
  const Tensor towards = (x + x.grad()).detach();
  x = x.detach();
  const auto off = [&](double gamma) {
    const Chain block = law.chain(interpolant("linear"), {gamma}, false);
    return distance(encoded(block, x, 50).z, x - gamma * towards);
  };
  CHECK(off(0.01) / off(0.005) == Approx(4).margin(0.4));
  CHECK(off(0.005) < 1e-3);
}

TEST_CASE("A chain with blocks missing is no generator", "[flow]") {
  Checkpoint model{.kind = "velocity-field"};
  model.blocks.resize(2);
  require_whole(model);
  model.facts["schedule"] = {1, 2};
  require_whole(model);
  model.facts["schedule"] = {1, 2, 3};
  CHECK_THROWS_WITH(require_whole(model), contains("2 of the 3 blocks"));
}
