// The exact flows of Gaussian pairs against the calculator's numbers (gaussian.h5).
#include <cmath>

#include "eval/curvature.h"
#include "eval/linear_field.h"
#include "flow/flow_map.h"
#include "flow/solver.h"
#include "folder.h"
#include "gaussian_flow.h"
#include "losses/flow_matching.h"
#include "testing.h"
#include "train/trainer.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// x0 ~ N(0, I), x1 ~ N(0, S), cov(x1, x0) = C, whatever their axes: v = cov(v, x_t) cov(x_t)^-1 x.
struct LinearPair {
  Tensor S, C;

  Tensor velocity(const Tensor& x, const Tensor& t) const {
    const Tensor r = t.view({-1, 1, 1}), one = at::eye(S.size(0), S.options());
    const Tensor mixed = r * (1 - r) * (C + C.t());
    const Tensor at_t = (1 - r).square() * one + r.square() * S + mixed;
    const Tensor with_v = (1 - r) * C + r * S - (1 - r) * one - r * C.t();
    return with_v.matmul(at::linalg_solve(at_t, x.unsqueeze(2))).squeeze(2);
  }
};

Tensor square_root(const Tensor& S) {
  const auto [values, vectors] = at::linalg_eigh(S);
  return (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t());
}

/// 2-Wasserstein distance of N(0, A) and N(0, B).
double wasserstein(const Tensor& A, const Tensor& B) {
  const Tensor root = square_root(B);
  const Tensor cross = at::linalg_eigvalsh(root.matmul(A).matmul(root)).clamp_min(0).sqrt().sum();
  return (A.trace() + B.trace() - 2 * cross).clamp_min(0).sqrt().item<double>();
}

/// Nodes and weights of Gauss and Legendre on [0, 1], from the Jacobi matrix (Golub and Welsch).
std::pair<Tensor, Tensor> legendre(int64_t n) {
  const Tensor k = at::arange(1, n, at::kDouble), beside = k / (4 * k * k - 1).sqrt();
  const auto [nodes, vectors] = at::linalg_eigh(at::diag(beside, 1) + at::diag(beside, -1));
  return {(nodes + 1) / 2, vectors[0].square()};
}

/// The flow-matching loss over the whole law: sigma points of the pair at the nodes of the clock.
/// Field and loss are homogeneous, so that a weight is a factor on the point.
double exact_loss(const std::shared_ptr<Backbone>& field, const Tensor& S, const Tensor& C) {
  static const auto rule = legendre(1024);
  const auto& [t, weight] = rule;
  const int64_t D = S.size(0), nodes = t.size(0);
  const Tensor joint =
      at::cat({at::cat({at::eye(D, S.options()), C.t()}, 1), at::cat({C, S}, 1)}, 0);
  const Tensor scale = (weight * (nodes * 2 * D)).sqrt().view({-1, 1, 1});
  const Tensor points = (scale * square_root(joint)).flatten(0, 1);
  const Tensor label = at::full({points.size(0)}, -1, at::kLong);
  return flow_matching_loss({field}, interpolant("linear"),
                            {points.narrow(1, 0, D), points.narrow(1, D, D), label},
                            t.repeat_interleave(2 * D))
      .item<double>();
}

std::vector<h5::File> files() {
  std::vector<h5::File> all;
  for (const auto& path : golden_files("numerics", "gaussian")) all.push_back(h5::File::open(path));
  return all;
}

// The 40 pairs of the one-dimensional toy as a batch of points: clock and sign are ours, not
// theirs.
GaussianFlow all_pairs(const h5::File& file) {
  const Tensor s = file.read("toy1d/s").unsqueeze(1), theta = file.read("toy1d/theta");
  const at::TensorOptions real(at::kDouble);
  return {at::zeros({1}, real), at::ones({1, 1}, real),
          s.square().expand_as(theta).reshape({-1, 1}), (s * theta.cos()).view({-1, 1})};
}

}  // namespace

TEST_CASE("Solvers give the spread of the one-dimensional toy", "[parity]") {
  for (const auto& file : files()) {
    const GaussianFlow flow = all_pairs(file);
    const Velocity v = [&](const Tensor& x, const Tensor& t) { return flow.velocity(x, t); };
    const auto check = [&](const char* name, const char* method, const char* grid) {
      const Tensor expected = file.read(name).flatten(0, 1), steps = file.read("toy1d/n_steps");
      for (int64_t i = 0; i < steps.size(0); ++i) {
        const auto times = time_grid(grid, steps[i].item<int64_t>());
        const Tensor ones = at::ones({expected.size(0), 1}, at::kDouble);
        const Tensor std = integrate(solver(method), v, ones, times).abs().squeeze(1);
        INFO(file.path() << ", " << name << ", " << times.size() - 1 << " steps");
        CHECK(distance(std, expected.select(1, i)) < 1e-12);
        if (i > 0 || grid != std::string("uniform") || method != std::string("euler")) continue;
        const Tensor w2 = file.read("toy1d/w2_after_one_euler_step").flatten();
        CHECK(distance(flow.w.sqrt().squeeze(1) - std, w2) < 1e-12);
      }
    };
    check("toy1d/std_after_euler_uniform", "euler", "uniform");
    check("toy1d/std_after_euler_quadratic_grid", "euler", "quadratic");
    check("toy1d/std_after_heun_last_step_euler", "heun-euler", "uniform");
  }
}

TEST_CASE("The flow-matching loss of the exact field is the toy's floor", "[parity]") {
  for (const auto& file : files()) {
    const GaussianFlow all = all_pairs(file);
    const Tensor floor = file.read("toy1d/fm_floor").flatten();
    for (int64_t i = 0; i < floor.size(0); ++i) {
      const GaussianFlow one{all.m, all.Q, all.w[i], all.c[i]};
      INFO(file.path() << ", pair " << i);
      const double found = exact_loss(one.field(), one.w.unsqueeze(0), one.c.unsqueeze(0));
      CHECK(std::abs(found - floor[i].item<double>()) < 1e-12);
    }
  }
}

TEST_CASE("Floor, curvature and distance of the two-dimensional toy", "[parity]") {
  for (const auto& file : files()) {
    const Tensor S = file.read("toy2d/S"), steps = file.read("toy2d/n_steps");
    const Tensor axes = at::eye(2, at::kDouble);
    for (const auto& name : file.datasets("toy2d")) {
      const std::string ending = "/cross_covariance_x_z";
      if (!name.ends_with(ending)) continue;
      const std::string toy = "toy2d/" + name.substr(0, name.size() - ending.size()) + "/";
      INFO(file.path() << ", " << toy);
      const LinearPair pair{S, file.read("toy2d/" + name)};
      const Velocity v = [&](const Tensor& x, const Tensor& t) { return pair.velocity(x, t); };
      const auto field = std::make_shared<Formula>(
          [&](const Tensor& x, const Tensor& t, const Tensor&) { return v(x, t.select(1, 0)); });

      const double floor = file.read(toy + "fm_floor").item<double>();
      CHECK(std::abs(exact_loss(field, S, pair.C) - floor) < 1e-8);
      CHECK(std::abs(linear_loss(at::eye(2, S.options()), S, pair.C) - floor) < 1e-8);
      const double kappa = file.read(toy + "kappa_euler128").item<double>();
      const Tensor found = curvature(v, std::sqrt(2.0) * axes, 128).mean();
      CHECK(std::abs(found.item<double>() - kappa) < 1e-8);
      for (int64_t i = 0; i < steps.size(0); ++i) {
        const auto times = time_grid("uniform", steps[i].item<int64_t>());
        const Tensor carried = integrate(solver("euler"), v, axes, times);  // row k: of axis k
        const double w2 = file.read(toy + "w2_after_euler")[i].item<double>();
        CHECK(std::abs(wasserstein(carried.t().matmul(carried), S) - w2) < 1e-8);
      }
    }
  }
}

TEST_CASE("A flow map with an exact network gives the maps of the toys", "[parity]") {
  const auto check = [](const GaussianFlow& flow, const Tensor& x, const Tensor& s, const Tensor& t,
                        const Tensor& phi, const Tensor& u, double tolerance) {
    const FlowMap map{flow.map()};
    const Tensor label = at::full({x.size(0)}, -1, at::kLong);
    CHECK(distance(map(x, s, t, label), phi) < tolerance);
    CHECK(distance(map.average_velocity(x, s, t, label), u) < tolerance);
  };
  for (const auto& file : files()) {
    const Tensor times = file.read("flowmap1d/times"), x = file.read("flowmap1d/x");
    const Tensor c = file.read("flowmap1d/c");
    const int64_t T = times.size(0), X = x.size(0);
    const Tensor s = times.repeat_interleave(T * X), t = times.repeat({T}).repeat_interleave(X);
    const Tensor points = x.repeat({T * T}).unsqueeze(1);
    for (const auto& [name, rho] :
         {std::pair{"independent", 0.0}, {"comonotone", 1.0}, {"correlated_0.9", 0.9}}) {
      const std::string at = text("flowmap1d/", name, "/");
      for (int64_t i = 0; i < c.size(0); ++i) {
        INFO(file.path() << ", " << at << i);
        const double width = c[i].item<double>(), m = file.read("flowmap1d/m").item<double>();
        check(one_dimensional(m, width * width, rho * width), points, s, t,
              file.read(at + "phi")[i].reshape({-1, 1}),
              file.read(at + "average_velocity")[i].reshape({-1, 1}), 1e-12);
      }
    }
    const auto [w, Q] = at::linalg_eigh(file.read("flowmap3d/C"));
    const Tensor pairs = file.read("flowmap3d/s_t_pairs"), x3 = file.read("flowmap3d/x");
    for (const std::string name : {"independent", "comonotone"}) {
      INFO(file.path() << ", flowmap3d/" << name);
      const Tensor cross = name == "comonotone" ? w.sqrt() : at::zeros_like(w);
      check({file.read("flowmap3d/m"), Q, w, cross}, x3.repeat({pairs.size(0), 1}),
            pairs.select(1, 0).repeat_interleave(x3.size(0)),
            pairs.select(1, 1).repeat_interleave(x3.size(0)),
            file.read("flowmap3d/" + name + "/phi").flatten(0, 1),
            file.read("flowmap3d/" + name + "/average_velocity").flatten(0, 1), 1e-11);
    }
  }
}

TEST_CASE("Jumps of an exact map compose, there and back", "[flow]") {
  const GaussianFlow flow = three_dimensional();
  const FlowMap phi{flow.map()};
  const Tensor x = at::linspace(-2, 2, 12, at::kDouble).view({4, 3});
  const Tensor label = at::full({4}, -1, at::kLong), zero = at::zeros({4}, at::kDouble);
  const Tensor once = jump(phi, x, label, {0, 1});
  CHECK(distance(once, flow.phi(x, zero, zero + 1)) < 1e-14);
  CHECK(distance(jump(phi, x, label, {0, 0.1, 0.5, 0.55, 1}), once) < 1e-13);
  CHECK(distance(jump(phi, once, label, {1, 0.3, 0}), x) < 1e-13);
  CHECK(distance(jump(phi, x, label, {0.4, 0.4}), x) == 0);
  CHECK(distance(jump(phi, x, label, {0.4}), x) == 0);
}

TEST_CASE("Jumps to the end with noise between them keep the law of the data", "[flow]") {
  const GaussianFlow flow = one_dimensional(0.8, 0.25, 0.0);  // noise independent of the data
  const FlowMap phi{flow.map()};
  const Random random(5);
  const int64_t n = 40000;
  const auto made = [&](int64_t begin, int64_t end, const std::vector<double>& times) {
    const Tensor rows = row_range(begin, end);
    const Tensor x0 = random.stream("x0").normal(rows, {1}).to(at::kDouble);
    const Tensor label = at::full({end - begin}, -1, at::kLong);
    return jump_to_end(phi, x0, label, times, {&interpolant("linear"), random, rows});
  };
  const Tensor x0 = random.stream("x0").normal(row_range(0, n), {1}).to(at::kDouble);
  const Tensor once = jump(phi, x0, at::full({n}, -1, at::kLong), {0, 1});
  CHECK(distance(made(0, n, {0, 1}), once) == 0);
  const Tensor four = made(0, n, {0, 0.3, 0.6, 0.9, 1});
  CHECK(distance(four, once) > 0.1);
  CHECK(four.mean().item<double>() == Approx(0.8).margin(0.01));
  CHECK(four.var().item<double>() == Approx(0.25).margin(0.01));
  CHECK(distance(made(70, 80, {0, 0.3, 0.6, 0.9, 1}), four.slice(0, 70, 80)) < 1e-15);
}

namespace {

/// v(x, t) = A(t) x, A linear between knots on [0, 1]; entries that mask leaves out are zero.
struct LinearStudent : Backbone {
  Tensor A, mask;
  LinearStudent(int64_t knots, const Tensor& mask) : mask(mask) {
    A = register_parameter("A", at::zeros({knots + 1, mask.size(0), mask.size(1)}));
  }
  Tensor forward(const Tensor& x, const Tensor& times, const Tensor&) override {
    const int64_t last = A.size(0) - 2;
    const Tensor place = times.select(1, 0) * (last + 1);
    const Tensor knot = place.floor().clamp(0, last).to(at::kLong);
    const Tensor w = (place - knot).view({-1, 1, 1});
    const Tensor matrix = A.index_select(0, knot) * (1 - w) + A.index_select(0, knot + 1) * w;
    return (matrix * mask).matmul(x.unsqueeze(2)).squeeze(2);
  }
};

/// A linear student trained on draws of the Gaussian pairs with this covariance of (x0, x1). sharp:
/// the exact field rises and falls again within a few hundredths of t.
std::shared_ptr<LinearStudent> trained_student(const Tensor& joint, const Tensor& mask,
                                               bool sharp = false) {
  const Folder folder;
  const Run run = run_to(folder / "student.h5");
  const int64_t D = mask.size(0);
  const auto student = std::make_shared<LinearStudent>(sharp ? 256 : 64, mask.to(at::kFloat));
  const Tensor root = square_root(joint).to(at::kFloat);
  const auto loss = [&](const Tensor& rows) {
    const Tensor n = run.random.stream("pairs").normal(rows, {2 * D}).matmul(root);
    const Tensor label = at::full({rows.size(0)}, -1, at::kLong);
    const Tensor t = run.random.stream("t").uniform(rows, {});
    return flow_matching_loss({student}, interpolant("linear"),
                              {n.narrow(1, 0, D), n.narrow(1, D, D), label}, t);
  };
  TrainOptions options{
      .steps = 1500, .batch = 1024, .lr = 0.1, .clip = 0, .ema = {0.99}, .log_every = 1000};
  if (sharp) options.steps = 3000, options.lr = 1;
  const auto [block, numbers] = train(*student, loss, options, run, "");
  load_tensors(*student, block.average);
  student->to(at::kDouble);
  student->mask = mask;
  return student;
}

}  // namespace

TEST_CASE("Trained linear students reach the losses of the exact fields", "[parity]") {
  for (const auto& file : files()) {
    const Tensor S = file.read("toy2d/S"), one = at::eye(2, S.options());
    for (const auto& name : file.datasets("toy2d")) {
      const std::string ending = "/cross_covariance_x_z";
      if (!name.ends_with(ending)) continue;
      const std::string toy = "toy2d/" + name.substr(0, name.size() - ending.size());
      INFO(file.path() << ", " << toy);
      const bool sharp = file.read(toy + "/kappa_continuous").item<double>() > 1;
      const Tensor C = file.read("toy2d/" + name);
      const Tensor joint = at::cat({at::cat({one, C.t()}, 1), at::cat({C, S}, 1)}, 0);
      const auto student = trained_student(joint, at::ones_like(S), sharp);
      const at::NoGradGuard no_grad;
      CHECK(exact_loss(student, S, C) ==
            Approx(file.read(toy + "/fm_floor").item<double>()).margin(1e-3));
    }
    // All pairs of numbers at once, each a dimension of its own.
    const Tensor s = file.read("toy1d/s").unsqueeze(1), theta = file.read("toy1d/theta");
    const Tensor w = s.square().expand_as(theta).flatten(), c = (s * theta.cos()).flatten();
    const Tensor I = at::eye(w.size(0), w.options());
    const Tensor joint = at::cat({at::cat({I, c.diag()}, 1), at::cat({c.diag(), w.diag()}, 1)}, 0);
    const auto student = trained_student(joint, I);
    const at::NoGradGuard no_grad;
    CHECK(exact_loss(student, w.diag(), c.diag()) ==
          Approx(file.read("toy1d/fm_floor").mean().item<double>()).margin(1e-3));
  }
}
