// Flow matching and likelihood.
#include <cmath>

#include "data/dataset.h"
#include "folder.h"
#include "flow/pairing.h"
#include "gaussian_flow.h"
#include "losses/flow_matching.h"
#include "losses/likelihood.h"
#include "mixture.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// z = (x - shift - label) / scale: log p is known.
struct Affine : NormalizingFlow {
  double scale = 2, shift = 0.5;
  Encoded encode(const Tensor& x, const Tensor& label) override {
    const Tensor z = (x - shift - expand_to(label, x)) / scale;
    const double dims = static_cast<double>(x[0].numel());
    return {z, at::full({x.size(0)}, -dims * std::log(scale), x.options())};
  }
  Tensor decode(const Tensor& z, const Tensor& label, const Decoding&) override {
    return z * scale + shift + expand_to(label, z);
  }
};

Tensor log_gaussian(const Tensor& x, double mean, double std) {
  return (-0.5 * ((x - mean) / std).square() - std::log(std) - 0.5 * std::log(2 * M_PI))
      .flatten(1)
      .sum(1);
}

}  // namespace

TEST_CASE("Flow matching draws its clock and drops its labels by row", "[losses]") {
  Tensor seen_x, seen_t, seen_label;
  const VelocityField v{
      std::make_shared<Formula>([&](const Tensor& x, const Tensor& t, const Tensor& label) {
        seen_x = x, seen_t = t.select(1, 0), seen_label = label;
        return at::zeros_like(x);
      })};
  const Random random(3);
  FlowMatchingOptions options;
  options.label_drop = 0.25, options.times = Component(time_laws(), "logit-normal");
  const FlowMatching loss(options, random);
  const auto look = [&](int64_t begin, int64_t end) {
    const Tensor rows = row_range(begin, end);
    const CoupledBatch pairs{random.stream("x0").normal(rows, {2}),
                             random.stream("x1").normal(rows, {2}), rows.remainder(5)};
    const Tensor value = loss(v, pairs, rows);
    CHECK(distance(value, (pairs.x1 - pairs.x0).square().mean()) < 1e-6);
    CHECK(distance(seen_x, interpolant("linear").at(seen_t, pairs.x0, pairs.x1)) == 0);
    return std::pair{seen_t, seen_label};
  };
  const auto [t, label] = look(0, 4000);
  const auto [t_part, label_part] = look(1000, 1007);
  CHECK(at::equal(t.slice(0, 1000, 1007), t_part));
  CHECK(at::equal(label.slice(0, 1000, 1007), label_part));
  CHECK((label == -1).to(at::kFloat).mean().item<float>() == Approx(0.25).margin(0.03));
  CHECK(((label == -1) | (label == row_range(0, 4000).remainder(5))).all().item<bool>());
  options.label_drop = 0;
  const Tensor rows = row_range(0, 9);
  FlowMatching(options, random)(v, {at::zeros({9, 1}), at::zeros({9, 1}), rows}, rows);
  CHECK(at::equal(seen_label, rows));
}

TEST_CASE("Sigma noises the points of a path and leaves its velocity", "[losses]") {
  Tensor seen_x, seen_t;
  const VelocityField v{
      std::make_shared<Formula>([&](const Tensor& x, const Tensor& t, const Tensor&) {
        seen_x = x, seen_t = t.select(1, 0);
        return at::zeros_like(x);
      })};
  const Random random(3);
  const auto look = [&](const FlowMatchingOptions& options, int64_t begin, int64_t end) {
    const Tensor rows = row_range(begin, end);
    const CoupledBatch pairs{random.stream("x0").normal(rows, {2}),
                             random.stream("x1").normal(rows, {2}), rows * 0};
    const double value = FlowMatching(options, random)(v, pairs, rows).item<double>();
    const Interpolant& path = interpolant(options.interpolant);
    const Tensor x1 = pairs.x1 + options.sigma_min * pairs.x0;
    CHECK(value == Approx(path.velocity(seen_t, pairs.x0, x1).square().mean().item<double>()));
    return Tensor(seen_x - path.at(seen_t, pairs.x0, x1));
  };
  for (const std::string name : {"linear", "trigonometric", "vp"}) {
    FlowMatchingOptions options;
    options.interpolant = name, options.sigma = 0.3;
    const Tensor noise = look(options, 0, 5000);
    INFO(name);
    CHECK(noise.mean().item<double>() == Approx(0).margin(0.015));
    CHECK(noise.std().item<double>() == Approx(0.3).margin(0.01));
    CHECK(distance(look(options, 700, 731), noise.slice(0, 700, 731)) < 1e-6);
    CHECK(seen_t.max().item<double>() <= interpolant(name).last);
    options.sigma = 0, options.sigma_min = 0.1;
    CHECK(look(options, 0, 50).abs().max().item<double>() < 1e-6);
  }
  FlowMatchingOptions wrong;
  wrong.sigma = -0.1;
  CHECK_THROWS_WITH(FlowMatching(wrong, random), contains("sigma"));
  wrong.sigma = 0, wrong.sigma_min = 1;
  CHECK_THROWS_WITH(FlowMatching(wrong, random), contains("sigma_min"));
}

TEST_CASE("A path to x1 + sigma_min x0 is Lipman's", "[parity]") {
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    const std::string at = "interpolants/lipman_sigma_min_0.01/";
    const Tensor t = file.read("interpolants/t"), x0 = file.read("interpolants/x0");
    const Tensor x1 = file.read("interpolants/x1") + 0.01 * x0;
    INFO(golden);
    CHECK(distance(interpolant("linear").at(t, x0, x1), file.read(at + "x_t")) < 1e-13);
    CHECK(distance(interpolant("linear").velocity(t, x0, x1), file.read(at + "velocity")) < 1e-13);
  }
}

TEST_CASE("The likelihood of an affine flow is the Gaussian's", "[losses]") {
  Affine flow;
  const Tensor x = Random(4).normal(row_range(0, 50), {2, 3}).to(at::kDouble);
  const Tensor label = row_range(0, 50).remainder(2);
  const Tensor exact = at::where(label == 0, log_gaussian(x, 0.5, 2), log_gaussian(x, 1.5, 2));
  CHECK(distance(log_prob(flow, x, label), exact) < 1e-12);
  CHECK(distance(nll_per_dim(flow, x, label), -exact.mean() / 6) < 1e-12);
  // Tweedie: x + eta^2 times the score.
  const Tensor mean = expand_to(label + 0.5, x);
  CHECK(distance(denoise(flow, x, label, 0.3), x - 0.09 * (x - mean) / 4) < 1e-12);
  const at::NoGradGuard no_grad;  // it finds its gradient where gradients are off
  const Tensor clean = denoise(flow, x, label, 0.3);
  CHECK_FALSE(clean.requires_grad());
}

TEST_CASE("Nats become bits of the bytes that the data were stored as", "[losses]") {
  const Folder folder;
  write_images(folder / "data.h5");  // x = u / 64 - 1
  const Dataset data = open_dataset(folder / "data.h5");
  CHECK(Likelihood({}, data, Random(1)).bits(std::log(2.0)) == Approx(7));

  // Uniform noise fills the grey levels: of R = 128, 2 (u + U) / 129 - 1, each 2 / 129 wide.
  LikelihoodOptions options;
  options.noise = "uniform", options.label_drop = 0;
  const Likelihood uniform(options, data, Random(1));
  CHECK(uniform.bits(0) == Approx(std::log2(129. / 2)));
  CHECK(uniform.eta() == 0);
  Tensor seen;
  struct Seen : Affine {
    Tensor& seen;
    explicit Seen(Tensor& seen) : seen(seen) {}
    Encoded encode(const Tensor& x, const Tensor& label) override {
      seen = x;
      return Affine::encode(x, label);
    }
  } flow(seen);
  const Tensor rows = row_range(0, 11), u = data.x.to(at::kDouble);
  uniform(flow, {data.examples(rows), data.labels}, rows);
  const Tensor level = (seen.to(at::kDouble) + 1) / 2 * 129;
  CHECK(level.ge(u - 1e-4).logical_and(level.le(u + 1 + 1e-4)).all().item<bool>());
  CHECK((level - u).mean().item<double>() == Approx(0.5).margin(0.15));
  CHECK((level - u).std().item<double>() == Approx(0.29).margin(0.08));

  options.eta = 0.3;
  CHECK_THROWS_WITH(Likelihood(options, data, Random(1)), contains("no effect"));
  options.eta = LikelihoodOptions().eta;
  CHECK_THROWS_WITH(Likelihood(options, Dataset{}, Random(1)), contains("needs data"));
  options.noise = "pink";
  CHECK_THROWS_WITH(Likelihood(options, data, Random(1)), contains("gaussian or uniform"));
}

TEST_CASE("Training noise is drawn by row; validation does not depend on the batch", "[losses]") {
  Affine flow;
  const Random random(5);
  LikelihoodOptions options;
  options.eta = 0.3, options.label_drop = 0;
  const Tensor rows = row_range(0, 8), x = random.normal(rows, {4}), label = at::zeros_like(rows);
  const auto loss = [&](const Tensor& rows, const Tensor& x) {
    return Likelihood(options, Dataset{}, random)(flow, {x, rows * 0}, rows).item<double>();
  };
  double parts = 0;
  for (int64_t i = 0; i < 8; ++i) parts += loss(rows.slice(0, i, i + 1), x.slice(0, i, i + 1)) / 8;
  CHECK(loss(rows, x) == Approx(parts).epsilon(1e-5));
  CHECK(loss(rows + 8, x) != loss(rows, x));
  options.eta = 0;
  CHECK(loss(rows, x) == Approx(nll_per_dim(flow, x, label).item<double>()));

  const Folder folder;
  write_images(folder / "data.h5");
  const Dataset data = open_dataset(folder / "data.h5");
  const auto mean = [&](int64_t begin, int64_t end) {
    return Likelihood({}, data, random).mean(flow, data, begin, end, Run());
  };
  CHECK(mean(0, 11) * 11 == Approx(mean(0, 4) * 4 + mean(4, 11) * 7).epsilon(1e-6));
}

TEST_CASE("A block's loss has the floor of the theory, and a field at rest its height",
          "[losses]") {
  // Data N(0, I): the loss of the exact velocity, and of zero (Xu et al. 2410.02548's blocks).
  struct Row {
    std::string path;
    double gamma, floor, rest;
  };
  const Folder folder;
  const Run run = run_to(folder / "out.h5");
  const int64_t n = 100000;
  Dataset data{.space = {{4}, 0}, .train = n};
  data.x = Random(8).normal(row_range(0, n), {4}), data.labels = at::full({n}, -1, at::kLong);
  const Batches batches(data, run, false);
  const Tensor rows = row_range(0, n), t = Random(9).uniform(rows, {});
  const Mixture law{at::ones({1}), at::zeros({1, 4}), at::ones({1})};

  const auto loss = [&](const std::string& path, const json& coupling, const Velocity& field) {
    const VelocityField v{std::make_shared<Formula>(
        [&](const Tensor& x, const Tensor& t, const Tensor&) { return field(x, t.select(1, 0)); })};
    const auto pairs = pairings().make(coupling, {batches, data, &run})->make(rows);
    return flow_matching_loss(v, interpolant(path), pairs, t).item<double>();
  };
  const Velocity rest = [](const Tensor& x, const Tensor&) { return at::zeros_like(x); };
  for (const auto& [path, gamma, floor, height] : {Row{"linear", 0.025, 0.049176, 0.049380},
                                                   {"linear", 0.1, 0.187247, 0.190325},
                                                   {"linear", 0.475, 0.704523, 0.756230},
                                                   {"trigonometric", 0.025, 0.077245, 0.935388},
                                                   {"trigonometric", 0.1, 0.294128, 1.046086},
                                                   {"trigonometric", 0.475, 1.106662, 1.490546}}) {
    INFO(path << ", gamma " << gamma);
    const json step = {{"type", "ou-step"}, {"gamma", gamma}};
    const Velocity exact =
        law.block(interpolant(path), std::exp(-gamma), std::sqrt(-std::expm1(-2 * gamma)));
    CHECK(loss(path, step, exact) == Approx(floor).epsilon(0.02));
    CHECK(loss(path, step, rest) == Approx(height).epsilon(0.02));
    // Points of other examples: no nearer to each other than noise is.
    const json apart = {{"type", "ou-step"}, {"gamma", gamma}, {"dependent", false}};
    const double far = path == "linear" ? M_PI / 2 : M_PI * M_PI / 4;
    CHECK(loss(path, apart, law.block(interpolant(path), 0, 1)) == Approx(far).epsilon(0.02));
  }
  for (const auto& [path, floor, height] :
       {std::tuple{"linear", M_PI / 2, 2.0}, {"trigonometric", 2.467401, 2.467401}}) {
    const Velocity exact = law.block(interpolant(path), 0, 1);
    CHECK(loss(path, {{"type", "independent"}}, exact) == Approx(floor).epsilon(0.02));
    CHECK(loss(path, {{"type", "independent"}}, rest) == Approx(height).epsilon(0.02));
  }
}
