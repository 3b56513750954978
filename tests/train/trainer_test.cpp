#include "train/trainer.h"

#include <torch/nn/modules/linear.h>

#include <atomic>
#include <fstream>
#include <optional>

#include "base/error.h"
#include "folder.h"
#include "nn/dropout.h"
#include "testing.h"
#include "train/schedule.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// y = last(tanh(first(x))), the same start each time.
struct Net : torch::nn::Module {
  torch::nn::Linear first{nullptr}, last{nullptr};
  Net() {
    first = register_module("first", torch::nn::Linear(2, 16));
    last = register_module("last", torch::nn::Linear(16, 1));
    const at::NoGradGuard no_grad;
    for (const auto& item : named_parameters()) {
      const Tensor rows = row_range(0, item.value().size(0));
      const auto shape = item.value().sizes().slice(1);
      Tensor(item.value()).copy_(Random(1).stream(item.key()).normal(rows, shape) * 0.5);
    }
  }
  Tensor operator()(const Tensor& x) { return last(first(x).tanh()).squeeze(1); }
};

/// The squared distance to sin(x_0) + x_1 / 2, at points drawn by row.
Tensor loss_of(Net& net, const Tensor& rows) {
  const Tensor x = Random(2).normal(rows, {2});
  return (net(x) - x.select(1, 0).sin() - 0.5 * x.select(1, 1)).square().mean();
}

/// Whether these rows open a batch: threads share it, and only one of them has its first row.
bool opens_batch(const Tensor& rows) { return rows[0].item<int64_t>() % 32 == 0; }

TrainOptions short_run() {
  return {.steps = 60, .batch = 32, .lr = 1e-2, .weight_decay = 0.01, .log_every = 7};
}

/// What came out of a run, or of one stopped after so many steps and resumed.
struct Outcome {
  Trained trained;
  Tensors follower;
  json records;
};
Outcome run_through(const Folder& folder, const std::string& name, const TrainOptions& options,
                    bool follow, std::vector<int64_t> stops) {
  Outcome outcome;
  while (true) {
    Net net, target;
    std::atomic<int64_t> steps = 0;
    Run run = run_to(folder / name);
    run.stop = [&] { return !stops.empty() && steps == stops.front(); };
    TrainHooks hooks;
    if (follow) hooks.followers = {{&target, 0.9}};
    hooks.validate = [&](int64_t) { return json{{"bias", net.last->bias.item<double>()}}; };
    const auto loss = [&](const Tensor& rows) {
      if (opens_batch(rows)) ++steps;
      // With a follower the hidden numbers are dropped by row too.
      const auto more = [&] {
        const Tensor hidden = dropout_by_row(net.first(Random(2).normal(rows, {2})), 0.3, "hidden");
        return hidden.square().mean() + (net.last->weight - target.last->weight).square().sum();
      };
      return loss_of(net, rows) + 0.01 * (follow ? more() : 0 * net.last->bias.sum());
    };
    try {
      outcome.trained = train(net, loss, options, run, "", hooks);
      outcome.follower = named_tensors(target);
      for (auto& [key, tensor] : outcome.follower) tensor = tensor.detach().clone();
    } catch (const Unfinished&) {
      REQUIRE_FALSE(stops.empty());
      stops.erase(stops.begin());
      continue;
    }
    REQUIRE(stops.empty());
    std::ifstream lines(run.output + ".jsonl");
    for (std::string line; std::getline(lines, line);) {
      json record = json::parse(line);
      record.erase("rows_per_second");
      outcome.records.push_back(record);
    }
    return outcome;
  }
}

bool equal(const Tensors& a, const Tensors& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& item) {
           return b.contains(item.first) && at::equal(item.second, b.at(item.first));
         });
}

}  // namespace

TEST_CASE("The learning rate rises, then falls by half a cosine", "[train]") {
  TrainOptions o{.steps = 100, .lr = 2, .lr_end = 0.5, .warmup = 0.1};
  CHECK(learning_rate(o, 0) == Approx(2.0 / 11));
  CHECK(learning_rate(o, 9) == Approx(20.0 / 11));
  CHECK(learning_rate(o, 10) == Approx(2));
  CHECK(learning_rate(o, 55) == Approx(1.25));
  CHECK(learning_rate(o, 100) == Approx(0.5));
  for (int64_t k = 11; k <= 100; ++k) CHECK(learning_rate(o, k) < learning_rate(o, k - 1));
  o.schedule = "constant";
  CHECK(learning_rate(o, 99) == 2);
  CHECK(learning_rate(o, 0) == Approx(2.0 / 11));
  o.warmup = 0;
  CHECK(learning_rate(o, 0) == 2);
  o.warmup = 1;
  CHECK(learning_rate(o, 99) == Approx(2.0 * 100 / 101));
}

TEST_CASE("An average forgets its start", "[train]") {
  CHECK(average_decay(0.999, 0) == Approx(0.1));
  CHECK(average_decay(0.999, 90) == Approx(0.91));
  CHECK(average_decay(0.999, 1000000) == 0.999);
  CHECK(average_decay(0.05, 0) == 0.05);
}

TEST_CASE("Training lowers the loss and keeps a moving average", "[train]") {
  const Folder folder;
  TrainOptions options = short_run();
  options.steps = 300, options.log_every = 50, options.validate_every = 100;
  const Outcome out = run_through(folder, "a.h5", options, false, {});
  std::vector<double> losses;
  std::vector<int64_t> validated;
  for (const json& record : out.records) {
    if (record.contains("loss")) losses.push_back(record["loss"]);
    if (record.contains("bias")) validated.push_back(record["step"]);
  }
  REQUIRE(losses.size() == 6);
  CHECK(losses.back() < 0.1 * losses.front());
  CHECK(out.trained.numbers["loss"] == losses.back());
  CHECK(out.trained.numbers["steps"] == 300);
  CHECK(validated == std::vector<int64_t>{100, 200, 300});
  CHECK(out.records[0]["lr"].get<double>() == Approx(learning_rate(options, 49)));
  CHECK(out.records[0]["rows"] == 50 * 32);

  const Tensors &weights = out.trained.block.weights, &average = out.trained.block.average;
  CHECK(weights.size() == average.size());
  CHECK_FALSE(equal(weights, average));
  // Validation saw the average, and the weights came back after it.
  CHECK(out.trained.numbers["bias"] == average.at("last.bias").item<double>());
  CHECK(out.trained.numbers["bias"] != weights.at("last.bias").item<double>());
}

TEST_CASE("A step is AdamW's, and averages follow it", "[train]") {
  const Folder folder;
  TrainOptions options{.steps = 4,
                       .batch = 8,
                       .lr = 0.05,
                       .warmup = 0,
                       .schedule = "constant",
                       .beta1 = 0.8,
                       .beta2 = 0.9,
                       .weight_decay = 0.1,
                       .clip = 0.5,
                       .ema = {0.99, 0.9},
                       .log_every = 1};
  Net net, twin, target;
  const Run run = run_to(folder / "a.h5");
  const auto loss = [&](const Tensor& rows) { return 3 * loss_of(net, rows); };
  const Trained trained = train(net, loss, options, run, "", {.followers = {{&target, 0.3}}});

  std::vector<Tensor> weights = twin.parameters(), mean, square, average, other, followed;
  for (const Tensor& w : weights) {
    mean.push_back(at::zeros_like(w)), square.push_back(at::zeros_like(w));
    average.push_back(w.detach().clone()), followed.push_back(w.detach().clone());
    other.push_back(w.detach().clone());
  }
  for (int64_t k = 0; k < options.steps; ++k) {
    twin.zero_grad();
    (3 * loss_of(twin, row_range(8 * k, 8 * k + 8))).backward();
    const at::NoGradGuard no_grad;
    double norm = 0;
    for (const Tensor& w : weights) norm += w.grad().square().sum().item<double>();
    const double scale = std::min(1.0, 0.5 / std::sqrt(norm));
    for (size_t i = 0; i < weights.size(); ++i) {
      const Tensor g = scale * weights[i].grad();
      mean[i] = 0.8 * mean[i] + 0.2 * g;
      square[i] = 0.9 * square[i] + 0.1 * g.square();
      const Tensor m = mean[i] / (1 - std::pow(0.8, k + 1)),
                   v = square[i] / (1 - std::pow(0.9, k + 1));
      weights[i].mul_(1 - 0.05 * 0.1).sub_(0.05 * m / (v.sqrt() + 1e-8));
      const double slow = average_decay(0.99, k);
      average[i] = slow * average[i] + (1 - slow) * weights[i];
      const double second = average_decay(0.9, k);
      other[i] = second * other[i] + (1 - second) * weights[i];
      followed[i] = 0.3 * followed[i] + 0.7 * weights[i];  // of its decay from the first step on
    }
  }
  size_t i = 0;
  for (const auto& item : twin.named_parameters()) {
    INFO(item.key());
    CHECK(distance(trained.block.weights.at(item.key()), weights[i]) < 1e-5);
    CHECK(distance(trained.block.average.at(item.key()), average[i]) < 1e-5);
    CHECK(distance(trained.block.others.at("0.9").at(item.key()), other[i]) < 1e-5);
    CHECK(distance(target.parameters()[i], followed[i]) < 1e-5);
    ++i;
  }
}

TEST_CASE("A run stopped and resumed ends bit by bit as one that was not", "[train]") {
  const Folder folder;
  for (const bool follow : {false, true}) {
    TrainOptions options = short_run();
    options.validate_every = 20;
    options.ema = {0.85, 0.5, 0.7};
    const std::string name = follow ? "follow" : "plain";
    const Outcome whole = run_through(folder, name, options, follow, {});
    for (const auto& stops : std::vector<std::vector<int64_t>>{{1}, {14}, {20}, {25, 9, 1}, {59}}) {
      INFO(name << ", first stopped after " << stops[0]);
      const std::string other = name + std::to_string(stops[0]);
      const Outcome resumed = run_through(folder, other, options, follow, stops);
      CHECK(equal(resumed.trained.block.weights, whole.trained.block.weights));
      CHECK(equal(resumed.trained.block.average, whole.trained.block.average));
      for (const char* decay : {"0.5", "0.7"}) {
        const auto of = [&](const Outcome& out) { return out.trained.block.others.at(decay); };
        CHECK(equal(of(resumed), of(whole)));
        CHECK_FALSE(equal(of(resumed), whole.trained.block.average));
      }
      CHECK(equal(resumed.follower, whole.follower));
      CHECK(resumed.trained.numbers == whole.trained.numbers);
      CHECK(resumed.records == whole.records);
    }
  }
}

TEST_CASE("Training drops by its rows, and validation does not", "[train]") {
  const Folder folder;
  TrainOptions options = short_run();
  options.steps = 2;
  const auto dropped = [&](const std::string& name, int64_t accumulate, double share = 0.5) {
    options.accumulate = accumulate;
    Net net;
    const auto loss = [&](const Tensor& rows) {
      const Tensor h =
          dropout_by_row(net.first(Random(2).normal(rows, {2})).tanh(), share, "hidden");
      return net.last(h).square().mean();
    };
    double validated = -1;
    TrainHooks hooks;
    hooks.validate = [&](int64_t) {
      validated = distance(dropout_by_row(at::ones({3, 4}), 0.5, "hidden"), at::ones({3, 4}));
      return json::object();
    };
    const Trained out = train(net, loss, options, run_to(folder / name), "", hooks);
    CHECK(validated == 0);
    return out.block.weights.at("first.weight").clone();
  };
  const Tensor whole = dropped("whole", 1);
  CHECK(distance(dropped("parts", 4), whole) < 1e-5);
  CHECK(distance(dropped("none", 1, 0), whole) > 1e-3);
}

TEST_CASE("State is saved by the clock too, and what followed the last is done again", "[train]") {
  const Folder folder;
  TrainOptions options = short_run();
  const Outcome whole = run_through(folder, "whole", options, false, {});
  options.save_minutes = 0;
  const Run run = run_to(folder / "torn");
  std::atomic<int64_t> steps = 0;
  Net net;
  const auto loss = [&](const Tensor& rows) {
    if (opens_batch(rows) && ++steps == 31) throw Error("the power failed");
    return loss_of(net, rows) + 0 * net.last->bias.sum();
  };
  CHECK_THROWS_WITH(train(net, loss, options, run, ""), "the power failed");
  CHECK(read_label(run.partial("state.h5")).facts["step"] == 30);
  const Outcome resumed = run_through(folder, "torn", options, false, {});
  CHECK(equal(resumed.trained.block.weights, whole.trained.block.weights));
}

TEST_CASE("A loss that is not finite is an error that names the steps", "[train]") {
  const Folder folder;
  TrainOptions options = short_run();
  options.log_every = 10;
  std::optional<int64_t> stop;
  const auto train_with = [&](const std::string& name, double poison) {
    Net net;
    std::atomic<int64_t> steps = 0;
    Run run = run_to(folder / name);
    run.tool = "fm-train-student";
    run.stop = [&] { return stop && steps == *stop; };
    const auto loss = [&](const Tensor& rows) {
      return loss_of(net, rows) * (opens_batch(rows) && ++steps == 25 ? poison : 1.0);
    };
    train(net, loss, options, run, "");
  };
  for (const double poison :
       std::vector<double>{NAN, INFINITY, 1e30}) {  // the last: an infinite gradient
    INFO(poison);
    stop.reset();
    CHECK_THROWS_WITH(
        train_with(std::to_string(poison), poison * 1e8),
        contains("training: the loss") && contains("between steps 20 and 30 (rows 640 to 959)"));
    stop = 27;  // a bad state is not saved either
    CHECK_THROWS_AS(train_with(std::to_string(poison), poison * 1e8), Error);
    CHECK_FALSE(std::ifstream(folder / (std::to_string(poison) + ".partial/state.h5")).good());
  }
}

TEST_CASE("bf16 is autocast: weights stay fp32 and the loss is close", "[train]") {
  const Folder folder;
  TrainOptions options = short_run();
  const Outcome exact = run_through(folder, "fp32", options, false, {});
  options.precision = "bf16";
  bool cast = false;
  Net net;
  const auto loss = [&](const Tensor& rows) {
    cast = net.first(at::ones({1, 2})).scalar_type() == at::kBFloat16;
    return loss_of(net, rows);
  };
  const Trained rough = train(net, loss, options, run_to(folder / "bf16"), "");
  CHECK(cast);
  CHECK(net.first(at::ones({1, 2})).scalar_type() == at::kFloat);
  for (const auto& [name, weight] : rough.block.weights) {
    CHECK(weight.scalar_type() == at::kFloat);
    CHECK(distance(weight, exact.trained.block.weights.at(name)) < 0.1);
  }
  const double loss_of_exact = exact.trained.numbers["loss"];
  CHECK(rough.numbers["loss"].get<double>() == Approx(loss_of_exact).epsilon(0.2));
}

TEST_CASE("Without an average the weights are what is validated and kept", "[train]") {
  const Folder folder;
  TrainOptions options = short_run();
  options.ema = {0};
  const Outcome out = run_through(folder, "a.h5", options, false, {13});
  CHECK(out.trained.block.average.empty());
  CHECK(out.trained.numbers["bias"] == out.trained.block.weights.at("last.bias").item<double>());
}

TEST_CASE("Frozen weights stay, and are in the block", "[train]") {
  const Folder folder;
  Net net;
  const Tensor before = net.first->weight.detach().clone();
  net.first->weight.set_requires_grad(false);
  const auto loss = [&](const Tensor& rows) { return loss_of(net, rows); };
  const Trained out = train(net, loss, short_run(), run_to(folder / "a.h5"), "");
  CHECK(at::equal(out.block.weights.at("first.weight"), before));
  CHECK(at::equal(out.block.average.at("first.weight"), before));
}

TEST_CASE("Decays that cannot be are refused", "[train]") {
  const Folder folder;
  Net net;
  const auto refused = [&](const std::vector<double>& decays, const char* words) {
    TrainOptions options;
    options.ema = decays;
    const auto never = [](const Tensor&) -> Tensor { fail("a step was taken"); };
    CHECK_THROWS_WITH(train(net, never, options, run_to(folder / "a.h5"), ""),
                      contains("'train.ema'") && contains(words));
  };
  refused({1}, "in [0, 1)");
  refused({0.9, -0.1}, "in [0, 1)");
  refused({0.9, 0.9}, "differ");
  refused({0, 0.9}, "0 alone");
}

TEST_CASE("Options of the loop that cannot be are refused before any step", "[train]") {
  const Folder folder;
  const Run run = run_to(folder / "a.h5");
  Net net;
  const auto refused = [&](const char* name, auto TrainOptions::*member, auto value) {
    TrainOptions options;
    options.*member = value;
    const auto never = [](const Tensor&) -> Tensor { fail("a step was taken"); };
    INFO(name << " = " << value);
    CHECK_THROWS_AS(train(net, never, options, run, ""), BadOption);
    CHECK_THROWS_WITH(train(net, never, options, run, ""),
                      contains(std::string("'train.") + name + "'"));
  };
  refused("steps", &TrainOptions::steps, 0);
  refused("batch", &TrainOptions::batch, -1);
  refused("lr", &TrainOptions::lr, 0.0);
  refused("warmup", &TrainOptions::warmup, 1.5);
  refused("schedule", &TrainOptions::schedule, "cosin");
  refused("precision", &TrainOptions::precision, "fp16");
  refused("log_every", &TrainOptions::log_every, 0);
  refused("validate_every", &TrainOptions::validate_every, -1);
  refused("clip", &TrainOptions::clip, -1.0);
  refused("beta1", &TrainOptions::beta1, 1.0);
  refused("beta2", &TrainOptions::beta2, -0.1);
  refused("weight_decay", &TrainOptions::weight_decay, -0.1);
  refused("lr_end", &TrainOptions::lr_end, -0.1);
}
