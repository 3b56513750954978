#include "losses/distiller.h"

#include "gaussian_flow.h"
#include "testing.h"
#include "train/gradients.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const at::TensorOptions real(at::kDouble);

/// Of points alone: x1 is where nothing carries x0.
CoupledBatch no_label(const Tensor& x) { return {x, x, at::full({x.size(0)}, -1, at::kLong)}; }

LabelledVelocity teacher_of(const GaussianFlow& flow) {
  return [=](const Tensor& x, const Tensor& t, const Tensor&) { return flow.velocity(x, t); };
}

/// The mean of a loss over rows.
Tensor value_of(const DistillationLoss& loss, const Distillation& models, const Tensor& x_s,
                const Clocks& clocks, const CoupledBatch& pairs) {
  const Tensor chance = Random(8).uniform(row_range(0, x_s.size(0)), {});
  const Tensor each = loss(models, {x_s, clocks, chance, pairs, interpolant("linear")});
  CHECK(each.sizes() == at::IntArrayRef{x_s.size(0)});
  return each.mean();
}

/// The losses to be looked at: each as it comes, and its other ways.
std::vector<json> variants() {
  std::vector<json> all;
  for (const auto& name : distillation_losses().names()) all.push_back({{"type", name}});
  const auto more = [&](const std::vector<json>& others) {
    all.insert(all.end(), others.begin(), others.end());
  };
  for (const char* form : {"a", "b"}) {
    for (const char* between : {"t-tau", "s+tau", "uniform", "midpoint"}) {
      more({{{"type", "itvm"}, {"form", form}, {"between", between}, {"lambda_terminal", 0.7}}});
    }
  }
  for (const bool stop : {true, false}) {
    for (const char* way : {"forward", "backward"}) {
      more({{{"type", "lagrangian"}, {"stop_gradient", stop}, {"derivative", way}},
            {{"type", "eulerian"}, {"stop_gradient", stop}, {"derivative", way}}});
    }
  }
  more({{{"type", "lagrangian"}, {"lambda_initial", 2}},
        {{"type", "meanflow"}, {"derivative", "backward"}}});
  return all;
}

/// The same with what a loss approximates made fine: a grid's steps.
json fine(json options) {
  if (options["type"] == "shortcut") options["steps"] = 1 << 20;
  if (options["type"] == "consistency") options["steps"] = 100000;
  return options;
}

/// Whether gradients stop somewhere in the student.
bool stops(const json& options) {
  return options["type"] == "meanflow" ||
         (options["type"] == "eulerian" && options.value("stop_gradient", false));
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
  for (const json& options : variants()) {
    const auto loss = distillation_losses().make(fine(options));
    const double rounding = options["type"] == "consistency" ? 1e-16 : 1e-24;  // of Heun's step
    for (const auto& flow :
         {one_dimensional(0.8, 0.25, 0.0), one_dimensional(-1, 4, 1.5), three_dimensional()}) {
      INFO(options << " in " << flow.m.size(0) << " dimensions");
      const auto [x, clocks] = some_case(flow.m.size(0));
      const LabelledVelocity v = teacher_of(flow);
      const FlowMap exact{flow.map()};
      // A loss that does not need the average must not touch it.
      const FlowMap average = loss->traits.target ? exact : FlowMap{};
      const Tensor zero = at::zeros({x.size(0)}, real);
      CoupledBatch pairs = no_label(x);
      pairs.x1 = flow.phi(x, zero, zero + 1);
      CHECK(value_of(*loss, {exact, average, v}, x, clocks, pairs).item<double>() < rounding);
      if (loss->traits.jumps == "any") {  // back as well
        const Clocks falling{clocks.t, clocks.s};
        CHECK(value_of(*loss, {exact, average, v}, x, falling, pairs).item<double>() < rounding);
      }

      const FlowMap bent{
          std::make_shared<Formula>([&](const Tensor& x, const Tensor& times, const Tensor& label) {
            return 1.05 * exact.net->forward(x, times, label);
          })};
      const double wrong = value_of(*loss, {bent, average, v}, x, clocks, pairs).item<double>();
      CHECK(wrong > 1e-4);
      if (loss->traits.target) {
        CHECK(value_of(*loss, {exact, bent, v}, x, clocks, pairs).item<double>() > 1e-4);
      }
    }
  }
}

TEST_CASE("ITVM's form B is form A times the share of the way that lies behind r", "[losses]") {
  const auto [x, clocks] = some_case(3);
  const FlowMap phi{std::make_shared<Small>(3, 1)};
  // Taught by its own velocity, the first term is zero.
  const LabelledVelocity v = [&](const Tensor& x, const Tensor& t, const Tensor& label) {
    return phi.average_velocity(x, t, t, label);
  };
  const CoupledBatch pairs = no_label(x);
  const Tensor d = clocks.t - clocks.s, tau = (d / 2).clamp_max(0.05);
  const std::map<std::string, Tensor> behind = {
      {"t-tau", tau}, {"s+tau", d - tau}, {"midpoint", d / 2}};
  for (const auto& [between, t_minus_r] : behind) {
    const auto squares = [&, &between = between](const char* form) {
      const auto itvm = distillation_losses().make(
          {{"type", "itvm"}, {"form", form}, {"between", between}, {"tau", 0.05}});
      return (*itvm)({phi, phi, v}, {x, clocks, at::ones_like(d), pairs, interpolant("linear")});
    };
    INFO(between);
    const Tensor apart = d.gt(1e-3);  // elsewhere the slope is that of the rounding
    const Tensor found = (squares("b") / squares("a")).masked_select(apart);
    CHECK(distance(found, (t_minus_r / d).square().masked_select(apart)) < 1e-8);
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
  for (const json& options : variants()) {
    if (stops(options)) continue;
    const auto loss = distillation_losses().make(options);
    const auto value = [&] {
      return value_of(*loss, {FlowMap{student}, FlowMap{average}, v}, x, clocks, no_label(x));
    };
    const auto found = gradients(value(), *student);
    for (size_t i = 0; i < found.size(); ++i) {
      INFO(options << ", parameter " << i);
      const Tensor quotients = difference_quotients(value, student->parameters()[i]);
      CHECK(distance(found[i], quotients) < 1e-7 * (1 + quotients.abs().max().item<double>()));
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
    const auto value = [&] {
      return value_of(*loss, {FlowMap{student}, {}, v}, x, clocks, no_label(x));
    };
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
  for (const json& options : variants()) {
    const auto loss = distillation_losses().make(options);
    const Tensor value =
        value_of(*loss, {FlowMap{student}, FlowMap{average}, v}, x, {s, s}, no_label(x));
    INFO(options);
    CHECK(value.isfinite().item<bool>());
    for (const Tensor& g : gradients(value, *student)) CHECK(g.isfinite().all().item<bool>());
  }
}

TEST_CASE("A stopped derivative is a target like any other", "[losses]") {
  const auto student = std::make_shared<Small>(2, 1);
  const FlowMap phi{student};
  const LabelledVelocity v = teacher_of(
      {at::zeros({2}, real), at::eye(2, real), at::full({2}, 2.0, real), at::zeros({2}, real)});
  const auto [x, clocks] = some_case(2);
  const auto& [s, t] = clocks;
  const Tensor w = v(x, s, {});
  Tensor target;  // by central differences along (w, 1, 0), with the weights as they are
  {
    const at::NoGradGuard no_grad;
    constexpr double h = 1e-5;
    const auto u = [&, &s = s, &t = t, &x = x](double e) {
      return phi.average_velocity(x + e * w, s + e, t, {});
    };
    target = w + (t - s).unsqueeze(1) * (u(h) - u(-h)) / (2 * h);
  }
  const Tensor plain = (phi.average_velocity(x, s, t, {}) - target).square().mean();
  const auto expected = gradients(plain, *student);
  for (const json& options : variants()) {
    if (!stops(options)) continue;
    INFO(options);
    const auto loss = distillation_losses().make(options);
    const Tensor value = value_of(*loss, {phi, {}, v}, x, clocks, no_label(x));
    CHECK(value.item<double>() == Approx(plain.item<double>()));
    const auto found = gradients(value, *student);
    for (size_t i = 0; i < found.size(); ++i) CHECK(distance(found[i], expected[i]) < 1e-7);
  }
}

TEST_CASE("Losses by the pairs' own velocity ask no teacher", "[losses]") {
  // Pairs whose paths do not cross: the flow goes along them.
  const GaussianFlow flow = one_dimensional(0.7, 4, 2);
  auto [x0, clocks] = some_case(1);
  const Tensor zero = at::zeros({x0.size(0)}, real);
  CoupledBatch pairs = no_label(x0);
  pairs.x1 = flow.phi(x0, zero, zero + 1);
  const Tensor x_s = interpolant("linear").at(clocks.s, x0, pairs.x1);
  const FlowMap exact{flow.map()};
  const FlowMap bent{
      std::make_shared<Formula>([&](const Tensor& x, const Tensor& times, const Tensor& label) {
        return 1.05 * exact.net->forward(x, times, label);
      })};
  for (const char* name : {"meanflow", "shortcut", "consistency"}) {
    INFO(name);
    const auto loss = distillation_losses().make(fine({{"type", name}, {"velocity", "pairs"}}));
    CHECK_FALSE(loss->traits.teacher);
    CHECK(value_of(*loss, {exact, exact, {}}, x_s, clocks, pairs).item<double>() < 1e-16);
    CHECK(value_of(*loss, {bent, exact, {}}, x_s, clocks, pairs).item<double>() > 1e-4);
    CHECK(distillation_losses().make({{"type", name}})->traits.teacher);
  }
}

TEST_CASE("What a consistency step and a shortcut's grid leave out", "[losses]") {
  const GaussianFlow flow = one_dimensional(-1, 4, 1.5);
  const FlowMap exact{flow.map()};
  const LabelledVelocity v = teacher_of(flow);
  const auto [x, clocks] = some_case(1);
  const Clocks early{clocks.s / 2, at::ones_like(clocks.s)};
  const auto left = [&](const json& options, const Clocks& c) {
    const auto loss = distillation_losses().make(options);
    return std::sqrt(value_of(*loss, {exact, exact, v}, x, c, no_label(x)).item<double>());
  };
  // Heun's step errs by its cube, of which the loss divides by one.
  const auto heun = [&](int64_t steps) {
    return left({{"type", "consistency"}, {"steps", steps}}, early);
  };
  CHECK(heun(64) > 0);
  CHECK(heun(64) / heun(128) == Approx(4).epsilon(0.1));
  // The finest step is taken with the velocity at its start.
  const auto finest = [&](int64_t steps) {
    return left({{"type", "shortcut"}, {"steps", steps}},
                {early.s, early.s + 2.0 / static_cast<double>(steps)});
  };
  CHECK(finest(64) > 0);
  CHECK(finest(64) / finest(128) == Approx(2).epsilon(0.1));
}

TEST_CASE("Losses that draw clocks of their own", "[losses]") {
  const auto law = time_laws().make({{"type", "uniform"}});
  const int64_t n = 20000;
  const Tensor u = Random(6).uniform(row_range(0, n), {2}).to(at::kDouble);
  const auto draw = [&](const json& options) {
    return distillation_losses().make(options)->draw(*law, u);
  };
  const auto share = [](const Tensor& of) { return of.to(at::kDouble).mean().item<double>(); };

  const auto [s, t] = draw({{"type", "shortcut"}, {"steps", 8}, {"share", 0.75}});
  const Tensor length = t - s, step = length.gt(0);
  CHECK(share(step) == Approx(0.75).margin(0.01));
  for (const double expected : {1.0, 0.5, 0.25}) {  // two half steps of 1/8 and more
    CHECK(share(length == expected) == Approx(0.25).margin(0.01));
    const Tensor from = s.masked_select(length == expected);
    CHECK(distance(from, (from / expected).floor() * expected) == 0);
    CHECK((from + expected).max().item<double>() == 1);
  }
  CHECK(share(s.masked_select(~step)) == Approx(0.5).margin(0.02));

  const auto [from, end] = draw({{"type", "consistency"}, {"steps", 10}});
  CHECK((end == 1).all().item<bool>());
  CHECK(from.max().item<double>() <= 0.9);
  CHECK(share(from) == Approx(0.45).margin(0.01));
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
  const double expected =
      value_of(*limit, {phi, phi, own}, c.x, c.clocks, no_label(c.x)).item<double>();
  const auto gap = [&](double tau) {  // own velocity as teacher: the initial term is zero
    const auto loss = distillation_losses().make({{"type", "itvm"}, {"tau", tau}});
    return value_of(*loss, {phi, phi, own}, c.x, c.clocks, no_label(c.x)).item<double>() - expected;
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
  CHECK_THROWS_AS(make({{"type", "itvm"}, {"form", "c"}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "itvm"}, {"between", "t"}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "itvm"}, {"between", "midpoint"}, {"tau", 0.1}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "itvm"}, {"lambda_terminal", 0}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "lagrangian"}, {"lambda_initial", -1}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "eulerian"}, {"derivative", "sideways"}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "meanflow"}, {"velocity", "student"}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "shortcut"}, {"steps", 12}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "shortcut"}, {"share", 0}}), BadOption);
  CHECK_THROWS_AS(make({{"type", "consistency"}, {"steps", 0}}), BadOption);
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

TEST_CASE("Rows on the diagonal, laws of time and weights by row", "[losses]") {
  Tensor times;
  const FlowMap student{
      std::make_shared<Formula>([&](const Tensor& x, const Tensor& t, const Tensor&) {
        times = t;
        return at::zeros_like(x);
      })};
  const LabelledVelocity v = [](const Tensor& x, const Tensor&, const Tensor&) { return x; };
  const Random random(4);
  const int64_t n = 4000;
  const Tensor rows = row_range(0, n);
  const CoupledBatch pairs{random.stream("x0").normal(rows, {2}),
                           random.stream("x1").normal(rows, {2}), at::full({n}, -1, at::kLong)};
  DistillOptions options;
  options.loss = Component(distillation_losses(), "eulerian");
  const auto loss = [&] {
    const Distiller distil(options, interpolant("linear"), random);
    return distil({student, {}, v}, pairs, rows).item<double>();
  };
  const double plain = loss();
  options.diagonal = 0.75;
  loss();
  CHECK((times.select(1, 1) == 0).to(at::kFloat).mean().item<float>() == Approx(0.75).margin(0.03));
  options.diagonal = 0;
  options.times = Component(time_laws(), "logit-normal");
  loss();
  const Tensor both = at::cat({times.select(1, 0), times.sum(1)});  // all draws of the law
  CHECK(both.logit().mean().item<float>() == Approx(0.2).margin(0.05));
  CHECK(both.logit().std().item<float>() == Approx(1).margin(0.05));

  options.times = Component(time_laws(), "uniform");
  options.adaptive = 1e-9, options.adaptive_floor = 10;
  CHECK(loss() == Approx(2 * plain));  // errors are sums over components
  options.adaptive = 1, options.adaptive_floor = 1e-6;
  CHECK(loss() == Approx(1).epsilon(0.01));

  const auto refused = [&](const std::function<void(DistillOptions&)>& change) {
    DistillOptions wrong;
    change(wrong);
    CHECK_THROWS_AS(Distiller(wrong, interpolant("linear"), random), BadOption);
  };
  refused([](auto& o) { o.diagonal = 1; });
  refused([](auto& o) { o.adaptive = -1; });
  refused([](auto& o) { o.adaptive_floor = 1; });
  for (const char* name : {"shortcut", "consistency", "endpoint"}) {
    refused([&](auto& o) { o.loss = Component(distillation_losses(), name), o.diagonal = 0.5; });
  }
  refused(
      [](auto& o) { o.loss = Component(distillation_losses(), "endpoint"), o.label_drop = 0.1; });
}

TEST_CASE("Points on the teacher's own solutions", "[losses]") {
  const GaussianFlow flow = one_dimensional(0.8, 0.25, 0.0);
  Tensor points, times;  // what the student saw last
  const FlowMap student{
      std::make_shared<Formula>([&](const Tensor& x, const Tensor& t, const Tensor&) {
        points = x, times = t;
        return at::zeros_like(x);
      })};
  const LabelledVelocity v = teacher_of(flow);
  const Tensor rows = row_range(0, 50);
  const Random random(4);
  CoupledBatch pairs = no_label(random.stream("x0").normal(rows, {1}).to(at::kDouble));
  pairs.x1 = pairs.x1 + 3;  // of no influence
  DistillOptions options;
  options.loss = Component(distillation_losses(), "eulerian");
  const auto error = [&](int64_t steps) {
    options.solution_steps = steps;
    Distiller(options, interpolant("linear"), random)({student, {}, v}, pairs, rows);
    const Tensor s = times.select(1, 0), zero = at::zeros_like(s);
    return distance(points, flow.phi(pairs.x0, zero, s));
  };
  CHECK(error(8) < 1e-2);
  CHECK(error(8) / error(16) == Approx(4).epsilon(0.25));  // Heun's method is of second order
  options.solution_steps = -1;
  CHECK_THROWS_AS(Distiller(options, interpolant("linear"), random), BadOption);
  options.solution_steps = 4;
  options.loss.value = {{"type", "meanflow"}, {"velocity", "pairs"}};
  CHECK_THROWS_AS(Distiller(options, interpolant("linear"), random), BadOption);
  options.loss = Component(distillation_losses(), "endpoint");
  CHECK_THROWS_AS(Distiller(options, interpolant("linear"), random), BadOption);
}

TEST_CASE("A guided teacher, by one scale or by one a row that the map is told", "[losses]") {
  Tensor clocks;
  const FlowMap student{
      std::make_shared<Formula>([&](const Tensor& x, const Tensor& t, const Tensor&) {
        clocks = t;
        return at::zeros_like(x);
      })};
  // Of a class 2, of none 1: guided 2 + w.
  const LabelledVelocity v = [](const Tensor& x, const Tensor&, const Tensor& label) {
    return at::where(expand_to(label, x) >= 0, at::full_like(x, 2), at::full_like(x, 1));
  };
  const Random random(4);
  const int64_t n = 3000;
  const Tensor rows = row_range(0, n);
  const CoupledBatch pairs{random.stream("x0").normal(rows, {2}),
                           random.stream("x1").normal(rows, {2}), at::zeros({n}, at::kLong)};
  DistillOptions options;
  options.loss = Component(distillation_losses(), "eulerian");
  const auto loss = [&](const std::vector<double>& guidance) {
    options.guidance = guidance;
    const Distiller distil(options, interpolant("linear"), random);
    return distil({student, {}, v}, pairs, rows).item<double>();
  };
  CHECK(loss({}) == Approx(4));
  CHECK(clocks.size(1) == 2);
  CHECK(loss({3}) == Approx(25));
  CHECK(clocks.size(1) == 2);
  const double found = loss({1, 3});
  REQUIRE(clocks.size(1) == 3);
  const Tensor w = 1 + 2 * clocks.select(1, 2);
  CHECK(found == Approx((2 + w).square().mean().item<double>()));
  CHECK(w.mean().item<double>() == Approx(2).margin(0.05));
  options.loss = Component(distillation_losses(), "itvm");  // several ends of one row
  options.guidance = {1, 3};
  Distiller(options, interpolant("linear"), random)({student, student, v}, pairs, rows);
  CHECK(distance(1 + 2 * clocks.select(1, 2).slice(0, 0, n), w) == 0);

  CHECK(clocks_of({}) == 2);
  CHECK(clocks_of(options) == 3);
  for (const std::vector<double>& wrong : {std::vector<double>{2, 1}, {1, 2, 3}}) {
    CHECK_THROWS_AS(loss(wrong), BadOption);
  }
}

TEST_CASE("What a teacher cannot teach is refused", "[losses]") {
  Checkpoint classes{.space = {{2}, 3}}, none{.space = {{2}, 0}};
  DistillOptions guided, dropped, untaught;
  guided.guidance = {1, 3}, dropped.label_drop = untaught.label_drop = 0.1;
  untaught.loss.value = {{"type", "meanflow"}, {"velocity", "pairs"}};
  check({}, none);
  for (const DistillOptions& options : {guided, dropped, untaught}) {
    check(options, classes);
    CHECK_THROWS_AS(check(options, none), BadOption);
  }
  classes.facts["label_drop"] = 0.;  // it knows nothing of no label
  CHECK_THROWS_AS(check(guided, classes), BadOption);
  CHECK_THROWS_AS(check(dropped, classes), BadOption);
  guided.guidance = {-1, 0};
  CHECK_THROWS_AS(check(guided, classes), BadOption);
  guided.guidance = {0};
  CHECK_THROWS_WITH(check(guided), contains("has no effect"));
  check(untaught, classes);

  const json fast = {{"type", "dit"}, {"time_scale", 1000.}};
  none.blocks = {{fast, {}, {}}};
  for (const auto& name : distillation_losses().names()) {
    INFO(name);
    DistillOptions options;
    options.loss = Component(distillation_losses(), name);
    if (name == "eulerian" || name == "meanflow") {
      CHECK_THROWS_WITH(check(options, none), contains("multiplies by 1000"));
    } else {
      CHECK_NOTHROW(check(options, none));
    }
  }
}

TEST_CASE("A map tells the law of the pairs that taught it", "[losses]") {
  Checkpoint student;
  student.facts = {{"interpolant", "linear"}, {"pairs", "coupled"}};
  DistillOptions options;
  CHECK(facts_of(options, student, "independent")["pairs"] == "coupled");
  options.loss.value = {{"type", "consistency"}, {"velocity", "pairs"}};
  CHECK(facts_of(options, student, "independent")["pairs"] == "independent");
  // Of an independent teacher asked on the paths of coupled pairs, or on its own ways.
  student.facts = {{"interpolant", "linear"}, {"pairs", "independent"}, {"sigma", 0.3}};
  options.loss.value = {{"type", "consistency"}};
  CHECK(facts_of(options, student, "coupled")["pairs"] == "coupled");
  CHECK(facts_of(options, student, "independent")["pairs"] == "independent");
  options.solution_steps = 4;
  CHECK(facts_of(options, student, "coupled")["pairs"] == "independent");
  CHECK(facts_of(options, student, "coupled")["sigma"] == 0.3);
}

TEST_CASE("Losses in bf16 are near those in fp32", "[losses]") {
  const Space six{{6}, 3}, images{{1, 4, 4}, 3};
  const auto network = [&](const json& options, int64_t clocks, uint64_t seed) {
    const bool small = options["type"] == "mlp" || options["type"] == "perceptron";
    const auto net = backbones().make(options, small ? six : images, clocks);
    const at::NoGradGuard no_grad;
    for (const auto& item : net->named_parameters()) {
      const Random random = Random(seed).stream(item.key());
      Tensor(item.value()).copy_(0.2 * random.normal(row_range(0, 1), item.value().sizes())[0]);
    }
    return net;
  };
  const json unet = {{"type", "unet"},
                     {"channels", 32},
                     {"channel_mult", {1}},
                     {"res_blocks", 1},
                     {"attention_resolutions", {4}}};
  for (const json& net : std::vector<json>{
           {{"type", "mlp"}, {"hidden", 32}, {"depth", 2}},
           {{"type", "perceptron"}, {"hidden", 32}, {"depth", 2}},  // its output is bf16 itself
           {{"type", "dit"}, {"patch", 2}, {"hidden", 32}, {"depth", 1}, {"heads", 2}},
           unet}) {
    const FlowMap phi{network(net, 2, 1)}, average{network(net, 2, 2)};
    const LabelledVelocity v = VelocityField{network(net, 1, 3)};
    const bool small = net["type"] == "mlp" || net["type"] == "perceptron";
    const std::vector<int64_t>& shape = small ? six.shape : images.shape;
    for (const json& options : variants()) {
      // As near to t as r may come, the slope from r to t is that of the rounding.
      if (options.value("form", "") == "a" && options.value("between", "") == "uniform") continue;
      DistillOptions how;
      how.loss.value = options;
      const Distiller distil(how, interpolant("linear"), Random(4));
      const auto loss = [&](const Tensor& rows) {
        const CoupledBatch pairs{Random(5).normal(rows, shape), Random(6).normal(rows, shape),
                                 rows.remainder(3)};
        return distil({phi, average, v}, pairs, rows);
      };
      const auto found = [&](bool bf16) {
        return differentiate(loss, row_range(0, 64), phi.net->parameters(), SideBySide(1), bf16);
      };
      const Gradients exact = found(false), rough = found(true);
      INFO(net << ": " << options);
      CHECK(rough.loss.scalar_type() == at::kFloat);
      CHECK(rough.loss.item<float>() == Approx(exact.loss.item<float>()).epsilon(0.05));
      for (const Tensor& gradient : rough.weights) CHECK(gradient.isfinite().all().item<bool>());
    }
  }
}

TEST_CASE("Pairs whose paths have no velocity at their end are asked earlier", "[losses]") {
  Tensor clocks;
  const FlowMap student{
      std::make_shared<Formula>([&](const Tensor& x, const Tensor& t, const Tensor&) {
        clocks = t;
        return at::zeros_like(x);
      })};
  const Random random(4);
  const Tensor rows = row_range(0, 5000);
  const CoupledBatch pairs = no_label(random.stream("x0").normal(rows, {1}));
  for (const char* name : {"meanflow", "shortcut"}) {
    DistillOptions options;
    options.loss.value = {{"type", name}, {"velocity", "pairs"}};
    if (name == std::string("meanflow")) options.diagonal = 0.5;
    const Interpolant& path = interpolant("linear-vp");
    const Tensor value = Distiller(options, path, random)({student, student, {}}, pairs, rows);
    CHECK(value.isfinite().item<bool>());
    CHECK(clocks.select(1, 0).max().item<float>() <= path.last + 1e-6);
  }
}
