#include "train/trainer.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "io/room.h"
#include "nn/dropout.h"
#include "train/gradients.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace couplet {

void check(const TrainOptions& o) {
  const auto need = [](bool ok, const char* name, const char* what) {
    require_option(ok, "option 'train.", name, "' must be ", what);
  };
  need(o.steps > 0, "steps", "positive");
  need(o.batch > 0, "batch", "positive");
  need(o.accumulate > 0 && o.accumulate <= o.batch, "accumulate", "in 1 .. batch");
  need(o.lr > 0, "lr", "positive");
  need(o.lr_end >= 0, "lr_end", "0 or more");
  need(o.warmup >= 0 && o.warmup <= 1, "warmup", "a share of the steps, 0 to 1");
  need(o.schedule == "cosine" || o.schedule == "constant", "schedule", "cosine or constant");
  need(o.beta1 >= 0 && o.beta1 < 1, "beta1", "in [0, 1)");
  need(o.beta2 >= 0 && o.beta2 < 1, "beta2", "in [0, 1)");
  need(o.weight_decay >= 0, "weight_decay", "0 or more");
  need(o.clip >= 0, "clip", "0 or more");
  const std::set<double> decays(o.ema.begin(), o.ema.end());
  need(decays.size() == o.ema.size(), "ema", "decays that differ");
  need(decays.empty() || (*decays.begin() >= 0 && *decays.rbegin() < 1), "ema", "in [0, 1)");
  need(decays.size() < 2 || *decays.begin() > 0, "ema", "0 alone, or decays in (0, 1)");
  need(o.precision == "fp32" || o.precision == "bf16", "precision", "fp32 or bf16");
  need(o.log_every > 0, "log_every", "positive");
  need(o.validate_every >= 0, "validate_every", "0 or more");
  need(o.save_minutes >= 0, "save_minutes", "0 or more");
}

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The loop's state: what is saved, and from what it goes on.
class Training {
 public:
  Training(torch::nn::Module& net, const TrainOptions& options, const Run& run,
           const std::string& name, const TrainHooks& hooks)
      : net_(net),
        options_(options),
        run_(run),
        name_(name),
        hooks_(hooks),
        threads_(run.device.is_cpu() ? shares(options.batch / run.group->size()) : 1),
        optimizer_(net, options, hooks.followers),
        dropped_(run.random.stream("dropout" + name)),
        sum_(at::zeros({2}, at::TensorOptions(at::kDouble).device(run.device))) {
    begin();
    run.log->open_records(run.output + (name.empty() ? "" : "." + name) + ".jsonl", step_);
  }

  Trained go(const std::function<Tensor(const Tensor&)>& loss) {
    for (begin_step_ = step_; step_ < options_.steps;) {
      one_step(loss);
      if (step_ % options_.log_every == 0 || step_ == options_.steps) tick();
      run_.log->progress(name_.empty() ? "training" : name_, step_, options_.steps, note_);
      if (options_.validate_every > 0 && step_ % options_.validate_every == 0) validate();
      if (step_ == options_.steps) break;
      if (run_.stop()) {
        save();
        throw Unfinished(text("stopped at step ", step_, " of ", options_.steps,
                              "; all is saved, run the same command again"));
      }
      if (seconds_since(saved_) > 60 * options_.save_minutes) save();
    }
    validate();
    numbers_["steps"] = options_.steps;
    return {finished(), numbers_};
  }

 private:
  std::string state_file() const { return run_.partial("state" + name_ + ".h5"); }
  int64_t first_row() const { return step_ * options_.batch; }

  void one_step(const std::function<Tensor(const Tensor&)>& loss) {
    const Group& group = *run_.group;
    const Tensor batch = row_range(first_row(), first_row() + options_.batch, run_.device);
    const Tensor rows = batch.tensor_split(group.size())[group.rank()];
    const double weight = static_cast<double>(rows.numel()) / static_cast<double>(options_.batch);
    const bool bf16 = options_.precision == "bf16";
    const auto dropping = [&](const Tensor& part) {
      const DropoutRows guard(dropped_, part);
      return group.size() == 1 ? loss(part) : loss(part) * weight;
    };
    auto [value, gradients] =
        differentiate(dropping, rows, optimizer_.weights(), threads_, bf16, options_.accumulate);
    // The mean over the batch is the sum of the processes' shares of it.
    gradients.push_back(value.to(gradients[0].scalar_type()));
    gradients = sums(group, gradients);
    value = gradients.back(), gradients.pop_back();
    const Tensor norm = optimizer_.step(step_, gradients, threads_);
    sum_ += at::stack({value, norm}).to(at::kDouble);
    ++count_, ++step_;
  }

  /// Reads the sums off the device, once a tick: the loss for log and screen, and whether it is
  /// finite.
  void tick() {
    const Tensor host = sum_.cpu();
    const double loss = host[0].item<double>() / count_, norm = host[1].item<double>() / count_;
    require(std::isfinite(loss) && std::isfinite(norm), name_.empty() ? "training" : name_,
            ": the loss is ", loss, ", the gradient's norm ", norm, " between steps ",
            step_ - count_, " and ", step_, " (rows ", first_row() - count_ * options_.batch,
            " to ", first_row() - 1, "); the last state saved stands; try a lower train.lr");
    const double rate =
        static_cast<double>((step_ - begin_step_) * options_.batch) / seconds_since(begin_);
    numbers_["loss"] = loss;
    run_.log->record({{"step", step_},
                      {"rows", first_row()},
                      {"loss", loss},
                      {"gradient_norm", norm},
                      {"lr", learning_rate(options_, step_ - 1)},
                      {"rows_per_second", rate}});
    char note[32];
    std::snprintf(note, sizeof note, "loss %.4f", loss);
    note_ = note;
    sum_.zero_();
    count_ = 0;
  }

  void validate() {
    if (!hooks_.validate || validated_ == step_) return;
    validated_ = step_;
    const at::NoGradGuard no_grad;
    const Tensors average = optimizer_.average(0);
    Tensors trained;
    for (const auto& item : net_.named_parameters()) {
      if (!average.contains(item.key())) continue;
      trained[item.key()] = item.value().clone();
      item.value().copy_(average.at(item.key()));
    }
    json numbers = hooks_.validate(step_);
    for (const auto& item : net_.named_parameters()) {
      if (trained.contains(item.key())) item.value().copy_(trained[item.key()]);
    }
    numbers_.update(numbers);
    std::string line = text("step ", step_, ":");
    for (const auto& [key, value] : numbers.items()) line += " " + key + " " + value.dump();
    run_.log->say(line);
    numbers["step"] = step_;
    run_.log->record(numbers);
  }

  /// The lead goes on from what was saved, if anything was, the others from what the lead has.
  void begin() {
    if (run_.leads() && std::filesystem::exists(state_file())) resume();
    const json where = told(*run_.group, {step_, count_, validated_, numbers_});
    step_ = where[0], count_ = where[1], validated_ = where[2], numbers_ = where[3];
    Tensors all = optimizer_.state();
    for (const auto& item : net_.named_buffers()) all["buffers/" + item.key()] = item.value();
    all["sum"] = sum_;
    broadcast(*run_.group, all);
    // Beside a state lies the next for a moment, or the result; one may be there already.
    if (run_.leads()) {
      std::error_code none;
      const auto found = std::filesystem::file_size(state_file(), none);
      const int64_t there = none ? 0 : static_cast<int64_t>(found);
      const int64_t state = bytes_of(optimizer_.state());
      require_room(run_.output, state + std::max(state, result_bytes()) - there);
    }
  }

  void save() {
    if (!run_.leads()) return;
    if (count_ > 0) {
      require(sum_.isfinite().all().item<bool>(), name_.empty() ? "training" : name_,
              ": the loss is not finite at or before step ", step_,
              "; the last state saved stands");
    }
    Label label;
    label.kind = "training-state";
    label.config = run_.config;
    int64_t parameters = 0;
    for (const Tensor& weight : optimizer_.weights()) parameters += weight.numel();
    label.facts = {
        {"step", step_},       {"count", count_},          {"validated", validated_},
        {"numbers", numbers_}, {"parameters", parameters}, {"result_bytes", result_bytes()}};
    write_artifact(state_file(), label, [&](h5::File& file) {
      for (const auto& [name, tensor] : optimizer_.state()) file.write(name, tensor);
      file.write("sum", sum_);
    });
    saved_ = Clock::now();
  }

  void resume() {
    const at::NoGradGuard no_grad;
    const Artifact state = open_artifact(state_file(), {"training-state"});
    for (auto& [name, tensor] : optimizer_.state()) {
      Tensor(tensor).copy_(state.file.read(name));
    }
    sum_.copy_(state.file.read("sum"));
    step_ = state.fact("step").get<int64_t>();
    count_ = state.fact("count").get<int64_t>();
    validated_ = state.fact("validated").get<int64_t>();
    numbers_ = state.fact("numbers");
    run_.log->say(text("resuming at step ", step_, " of ", options_.steps));
  }

  /// Of the weights and their averages, as they will be written.
  int64_t result_bytes() const {
    return bytes_of(named_tensors(net_)) * (1 + std::ssize(optimizer_.decays()));
  }

  Block finished() const {
    Block block;
    block.weights = named_tensors(net_);
    for (size_t k = 0; k < optimizer_.decays().size(); ++k) {
      Tensors average = optimizer_.average(k);
      for (const auto& [name, tensor] : block.weights) average.emplace(name, tensor);
      const std::string decay = decay_name(optimizer_.decays()[k]);
      if (k == 0) {
        block.average = std::move(average), block.decay = decay;
      } else {
        block.others[decay] = std::move(average);
      }
    }
    return block;
  }

  torch::nn::Module& net_;
  const TrainOptions& options_;
  const Run& run_;
  std::string name_;
  const TrainHooks& hooks_;
  SideBySide threads_;
  Optimizer optimizer_;
  Random dropped_;
  Tensor sum_;  // loss and gradient norm since the last tick
  int64_t step_ = 0, count_ = 0, validated_ = -1, begin_step_ = 0;
  json numbers_ = json::object();
  std::string note_;  // of the last tick
  Clock::time_point begin_ = Clock::now(), saved_ = begin_;
};

}  // namespace

Trained train(torch::nn::Module& net, const std::function<Tensor(const Tensor& rows)>& loss,
              const TrainOptions& options, const Run& run, const std::string& name,
              const TrainHooks& hooks) {
  require_option(hooks.validate || options.validate_every == 0,
                 "option 'train.validate_every' has no effect: nothing is validated here");
  check(options);
  require_option(options.batch >= run.group->size(), "option 'train.batch': ", options.batch,
                 " rows are too few for ", run.group->size(), " processes");
  return Training(net, options, run, name, hooks).go(loss);
}

}  // namespace couplet
