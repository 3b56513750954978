#include "losses/distillation.h"

#include "gaussian_flow.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const at::TensorOptions real(at::kDouble);

/// Of points alone: x1 is where nothing carries x0.
CoupledBatch no_label(const Tensor& x) { return {x, x, at::full({x.size(0)}, -1, at::kLong)}; }

LabelledVelocity teacher_of(const GaussianFlow& flow) {
  return [=](const Tensor& x, const Tensor& t, const Tensor&) { return flow.velocity(x, t); };
}

/// Points and clocks: s <= t everywhere, the first row with t = s, the second nearly so.
struct Case {
  Tensor x;
  Clocks clocks;
};
Case some_case(int64_t dims) {
  const int64_t n = 16;
  const Random random(3);
  const Tensor u = random.uniform(row_range(0, n), {2}).to(at::kDouble);
  Tensor s = std::get<0>(u.min(1)), t = std::get<0>(u.max(1)).clone();
  t[0] = s[0], t[1] = s[1] + 3e-5;
  return {random.stream("x").normal(row_range(0, n), {dims}).to(at::kDouble), {s, t}};
}

/// u = W2 tanh(W1 (x, s, t - s, 1)); blind: it does not see x.
struct Small : Backbone {
  Tensor first, last;
  bool blind;
  Small(int64_t dims, uint64_t seed, bool blind = false) : blind(blind) {
    const auto weights = [&](const char* name, int64_t rows, int64_t columns) {
      const Random random = Random(seed).stream(name);
      return register_parameter(name,
                                0.5 * random.normal(row_range(0, rows), {columns}).to(at::kDouble));
    };
    first = weights("first", 5, dims + 3), last = weights("last", dims, 5);
  }
  Tensor forward(const Tensor& x, const Tensor& times, const Tensor&) override {
    const Tensor seen = blind ? at::zeros_like(x) : x;
    const Tensor in = at::cat({seen, times, at::ones_like(x.narrow(1, 0, 1))}, 1);
    return in.matmul(first.t()).tanh().matmul(last.t());
  }
};

/// d loss / d weights by central differences.
Tensor difference_quotients(const std::function<Tensor()>& loss, const Tensor& weights) {
  const at::NoGradGuard no_grad;
  constexpr double h = 1e-5;
  Tensor flat = weights.view(-1), slopes = at::empty_like(flat);
  for (int64_t i = 0; i < flat.size(0); ++i) {
    const double before = flat[i].item<double>();
    flat[i] = before + h;
    const double above = loss().item<double>();
    flat[i] = before - h;
    const double below = loss().item<double>();
    flat[i] = before;
    slopes[i] = (above - below) / (2 * h);
  }
  return slopes.view_as(weights);
}

std::vector<Tensor> gradients(const Tensor& loss, torch::nn::Module& net) {
  net.zero_grad();
  loss.backward();
  std::vector<Tensor> all;
  for (const Tensor& weight : net.parameters()) all.push_back(weight.grad());
  return all;
}

}  // namespace

TEST_CASE("Every distillation loss is zero at the exact map, and only there", "[losses]") {
  for (const auto& name : distillation_losses().names()) {
    const auto loss = distillation_losses().make({{"type", name}});
    for (const auto& flow :
         {one_dimensional(0.8, 0.25, 0.0), one_dimensional(-1, 4, 1.5), three_dimensional()}) {
      INFO(name << " in " << flow.m.size(0) << " dimensions");
      const auto [x, clocks] = some_case(flow.m.size(0));
      const LabelledVelocity v = teacher_of(flow);
      const FlowMap exact{flow.map()};
      // A loss that does not need the average must not touch it.
      const FlowMap average = loss->needs_average() ? exact : FlowMap{};
      const Tensor zero = at::zeros({x.size(0)}, real);
      CoupledBatch pairs = no_label(x);
      pairs.x1 = flow.phi(x, zero, zero + 1);
      CHECK((*loss)({exact, average, v}, x, clocks, pairs).item<double>() < 1e-24);

      const FlowMap bent{
          std::make_shared<Formula>([&](const Tensor& x, const Tensor& times, const Tensor& label) {
            return 1.05 * exact.net->forward(x, times, label);
          })};
      const double wrong = (*loss)({bent, average, v}, x, clocks, pairs).item<double>();
      CHECK(wrong > 1e-4);
      if (loss->needs_average()) {
        CHECK((*loss)({exact, bent, v}, x, clocks, pairs).item<double>() > 1e-4);
      }
    }
  }
}

TEST_CASE("Gradients of the distillation losses are the difference quotients", "[losses]") {
  // Average and teacher do not see x: so no stopped gradient can matter.
  const auto student = std::make_shared<Small>(2, 1);
  const auto average = std::make_shared<Small>(2, 2, /*blind=*/true);
  const LabelledVelocity v = [](const Tensor& x, const Tensor& t, const Tensor&) {
    return (3 * t).sin().unsqueeze(1).expand_as(x);
  };
  const auto [x, clocks] = some_case(2);
  for (const auto& name : distillation_losses().names()) {
    const auto loss = distillation_losses().make({{"type", name}});
    const auto value = [&] {
      return (*loss)({FlowMap{student}, FlowMap{average}, v}, x, clocks, no_label(x));
    };
    const auto found = gradients(value(), *student);
    for (size_t i = 0; i < found.size(); ++i) {
      INFO(name << ", parameter " << i);
      CHECK(distance(found[i], difference_quotients(value, student->parameters()[i])) < 1e-7);
    }
    for (const Tensor& weight : average->parameters()) CHECK(!weight.grad().defined());
  }
}

TEST_CASE("The Lagrangian loss differentiates its teacher's input, unless told not to",
          "[losses]") {
  const auto student = std::make_shared<Small>(3, 1);
  const LabelledVelocity v = teacher_of(three_dimensional());
  const auto [x, clocks] = some_case(3);
  const auto gradient_of = [&](bool stop) {
    const auto loss = distillation_losses().make({{"type", "lagrangian"}, {"stop_gradient", stop}});
    const auto value = [&] { return (*loss)({FlowMap{student}, {}, v}, x, clocks, no_label(x)); };
    const Tensor first = gradients(value(), *student)[0].clone();
    return std::pair{first, difference_quotients(value, student->first)};
  };
  const auto [whole, quotients] = gradient_of(false);
  CHECK(distance(whole, quotients) < 1e-7);
  CHECK(distance(gradient_of(true).first, quotients) > 1e-3);
}

TEST_CASE("Distillation losses are finite where t = s", "[losses]") {
  const auto student = std::make_shared<Small>(2, 1), average = std::make_shared<Small>(2, 2);
  const LabelledVelocity v = teacher_of(
      {at::zeros({2}, real), at::eye(2, real), at::full({2}, 2.0, real), at::zeros({2}, real)});
  const Tensor x = at::ones({3, 2}, real), s = at::tensor({0.0, 0.5, 1.0}, at::kDouble);
  for (const auto& name : distillation_losses().names()) {
    const auto loss = distillation_losses().make({{"type", name}});
    const Tensor value = (*loss)({FlowMap{student}, FlowMap{average}, v}, x, {s, s}, no_label(x));
    INFO(name);
    CHECK(value.isfinite().item<bool>());
    for (const Tensor& g : gradients(value, *student)) CHECK(g.isfinite().all().item<bool>());
  }
}

TEST_CASE("ITVM with a short sub-step tends to the velocity at the end", "[losses]") {
  // With the student as its own average and r -> t its terminal residual tends to
  // d phi / dt - u(phi, t, t), linearly in tau.
  const auto net = std::make_shared<Small>(2, 1);
  const FlowMap phi{net};
  Case c = some_case(2);
  c.clocks.t = c.clocks.s + 0.2;
  const auto student_at = [&](const Tensor& x, const Tensor& t, const Tensor& label) {
    return phi.average_velocity(x, t, t, label);
  };
  const LabelledVelocity own = student_at;
  const auto limit = distillation_losses().make({{"type", "lagrangian"}});
  const double expected = (*limit)({phi, phi, own}, c.x, c.clocks, no_label(c.x)).item<double>();
  const auto gap = [&](double tau) {  // own velocity as teacher: the initial term is zero
    const auto loss = distillation_losses().make({{"type", "itvm"}, {"tau", tau}});
    return (*loss)({phi, phi, own}, c.x, c.clocks, no_label(c.x)).item<double>() - expected;
  };
  CHECK(expected > 1e-4);
  CHECK(std::abs(gap(1e-4)) < 1e-3 * expected);
  CHECK(gap(1e-2) / gap(1e-3) == Approx(10).epsilon(0.2));
}

TEST_CASE("ITVM without its teacher is refused", "[losses]") {
  const auto make = [](const json& options) { distillation_losses().make(options); };
  CHECK_THROWS_AS(make({{"type", "itvm"}, {"lambda_initial", 0}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "itvm"}, {"tau", 0}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "itvn"}}), BadOption);
}

TEST_CASE("Distillation draws its clocks by row", "[losses]") {
  Tensor times, points, labels;  // what the student saw last
  const FlowMap student{
      std::make_shared<Formula>([&](const Tensor& x, const Tensor& t, const Tensor& label) {
        times = t, points = x, labels = label;
        return at::zeros_like(x);
      })};
  const LabelledVelocity v = [](const Tensor& x, const Tensor&, const Tensor&) { return x; };
  const Random random(4);
  DistillOptions options;
  options.loss = Component(distillation_losses(), "lagrangian");
  options.label_drop = 0.3;
  const Interpolant& path = interpolant("trigonometric");
  const Distiller distil(options, path, random);
  CHECK_FALSE(distil.needs_average());
  CHECK(Distiller(DistillOptions{}, path, random).needs_average());

  const auto look = [&](int64_t begin, int64_t end) {
    const Tensor rows = row_range(begin, end);
    const CoupledBatch pairs{random.stream("x0").normal(rows, {2}),
                             random.stream("x1").normal(rows, {2}), rows.remainder(7)};
    distil({student, student, v}, pairs, rows);
    const Tensor s = times.select(1, 0);
    CHECK(distance(points, path.at(s, pairs.x0, pairs.x1)) == 0);
    return at::cat({times, points, labels.unsqueeze(1)}, 1);
  };
  const Tensor whole = look(0, 2000), part = look(500, 510);
  CHECK(distance(whole.slice(0, 500, 510), part) == 0);
  const Tensor s = whole.select(1, 0), h = whole.select(1, 1), label = whole.select(1, 4);
  CHECK(h.min().item<float>() >= 0);
  CHECK(s.min().item<float>() >= 0);
  CHECK((s + h).max().item<float>() <= 1 + 1e-6f);
  CHECK(s.mean().item<float>() == Approx(1.0 / 3).margin(0.02));  // the lesser of two uniforms
  CHECK(h.mean().item<float>() == Approx(1.0 / 3).margin(0.02));
  const Tensor dropped = (label == -1).to(at::kFloat);
  CHECK(dropped.mean().item<float>() == Approx(0.3).margin(0.04));
  CHECK(((label == -1) | (label == row_range(0, 2000).remainder(7))).all().item<bool>());
}
