#include "flow/pairings/grouped.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <deque>
#include <future>
#include <mutex>

#include "base/error.h"
#include "base/threads.h"

namespace couplet {

namespace {

struct Grouped : Pairing {
  // Threads that train side by side ask for neighbouring groups.
  static constexpr size_t remembered = 8;

  Batches batches;
  Match match;
  Random noise;
  c10::Device device;
  int64_t n;

  /// What numbers of one group go with: the example of each and how it is mirrored, (n).
  struct Plan {
    Tensor example, flip;
    double error;
  };
  mutable std::mutex lock;
  mutable std::deque<std::pair<int64_t, std::shared_future<Plan>>> plans;

  Grouped(int64_t n, Match match, const PairingInputs& inputs)
      : batches(inputs.batches),
        match(std::move(match)),
        noise(inputs.run->random.stream("noise")),
        device(inputs.run->device),
        n(n) {}

  Plan solve(int64_t group) const {
    const at::NoGradGuard no_grad;
    const Tensor numbers = row_range(group * n, (group + 1) * n, device);
    const Tensor example = batches.shuffled(numbers), flip = batches.flips(numbers);
    const Tensor x0 = noise.normal(numbers, batches.space().shape);
    const auto [row, error] = match(batches.take(example, flip), x0, numbers);
    return {example.index_select(0, row.to(example.device())),
            flip.defined() ? flip.index_select(0, row) : flip, error};
  }

  /// The first who asks solves, others wait for it.
  Plan plan_of(int64_t group) const {
    std::promise<Plan> promise;
    std::shared_future<Plan> plan;
    bool mine = false;
    {
      const std::lock_guard guard(lock);
      for (const auto& [number, found] : plans) {
        if (number == group) plan = found;
      }
      if (!plan.valid()) {
        mine = true;
        plan = promise.get_future().share();
        plans.emplace_back(group, plan);
        if (plans.size() > remembered) plans.pop_front();
      }
    }
    if (mine) {
      try {
        promise.set_value(solve(group));
      } catch (...) {
        promise.set_exception(std::current_exception());
      }
    }
    return plan.get();
  }

  NewPairs make(const Tensor& numbers) const override {
    // Numbers come in runs: a few groups at most.
    const auto [groups, first, count] =
        at::unique_consecutive(numbers.div(n, "floor").cpu(), /*inverse=*/false, /*counts=*/true);
    std::vector<Tensor> examples, flips;
    int64_t begin = 0;
    double error = 0;
    for (int64_t i = 0; i < groups.size(0); ++i) {
      const int64_t group = groups.const_data_ptr<int64_t>()[i];
      const int64_t size = count.const_data_ptr<int64_t>()[i];
      const Plan plan = plan_of(group);
      const Tensor place = numbers.narrow(0, begin, size) - group * n;
      examples.push_back(plan.example.index_select(0, place.to(plan.example.device())));
      if (plan.flip.defined()) flips.push_back(plan.flip.index_select(0, place));
      begin += size, error = std::max(error, plan.error);
    }
    const Tensor example = at::cat(examples), flip = flips.empty() ? Tensor() : at::cat(flips);
    const auto [x1, label] = batches.take(example, flip);
    return {{noise.normal(numbers, batches.space().shape), x1, label}, example, flip, {}, error};
  }

  int64_t together() const override { return n; }
  bool keeps_examples() const override { return false; }
};

}  // namespace

std::shared_ptr<Pairing> make_grouped(int64_t n, Match match, const PairingInputs& inputs) {
  return std::make_shared<Grouped>(n, std::move(match), inputs);
}

void warn_of_mixing(const PairingInputs& inputs) {
  require_option(inputs.batches.space().classes > 0,
                 "option 'coupling.mixed' has no effect: the data have no classes");
  inputs.run->log->warn(
      "classes are mixed: each is paired with a part of the noise alone, and a student that is "
      "asked for one class starts from all of it (C2OT, 2503.10636)");
}

int64_t group_size(const GroupOptions& options, const PairingInputs& inputs) {
  const int64_t examples = inputs.batches.size();
  require_option(options.n >= 0 && options.n <= examples, "option 'coupling.n' must be in 0 .. ",
                 examples, ", the number of examples, found ", options.n);
  if (options.mixed) warn_of_mixing(inputs);
  return options.n == 0 ? std::min<int64_t>(examples, 10000) : options.n;
}

Matched match_within(const Tensor& label, bool mixed,
                     const std::function<Matched(const Tensor& rows)>& f) {
  const Tensor all = at::arange(label.size(0), label.options());
  if (mixed) return f(all);
  const auto [sorted, order] = label.cpu().sort(std::optional<bool>(true), 0, /*descending=*/false);
  const Tensor sizes = std::get<2>(at::unique_consecutive(sorted, false, /*return_counts=*/true));
  const std::vector<Tensor> classes =
      order.to(label.device())
          .split_with_sizes({sizes.const_data_ptr<int64_t>(), static_cast<size_t>(sizes.size(0))});

  // Side by side on a CPU: each thread takes every so many-th class.
  const auto count = static_cast<int64_t>(classes.size());
  std::vector<Matched> found(count);
  const SideBySide threads(label.is_cpu() ? std::min<int64_t>(count, at::get_num_threads()) : 1);
  threads([&](int64_t i) {
    for (int64_t c = i; c < count; c += threads.size()) found[c] = f(classes[c]);
  });
  Matched matched{at::empty_like(all)};
  for (int64_t c = 0; c < count; ++c) {
    matched.row.index_copy_(0, classes[c], classes[c].index_select(0, found[c].row));
    matched.error = std::max(matched.error, found[c].error);
  }
  return matched;
}

}  // namespace couplet
