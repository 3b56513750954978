#include "flow/pairings/semidiscrete_ot.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "base/error.h"
#include "flow/pairings/grouped.h"

namespace couplet {

namespace {

/// The points of one class, and the potential of each.
struct Cells {
  Tensor points;  ///< (m) int64: numbers of examples, from M on of mirrored ones
  Tensor y, g;    ///< (m, D) float, (m) double
};

/// The ascents of all classes as one file in the run's partial folder.
struct Progress {
  const Run& run;
  std::vector<Ascent> ascents;
  std::map<size_t, double> chi2;  ///< of the classes that are done
  std::chrono::steady_clock::time_point saved = std::chrono::steady_clock::now();

  std::string path() const { return run.partial("potentials.h5"); }
  void load(size_t classes) {
    ascents.resize(classes);
    if (!told(*run.group, std::filesystem::exists(path())).get<bool>()) return;
    const h5::File file = h5::File::open(path());
    for (size_t c = 0; c < classes; ++c) {
      const std::string at = std::to_string(c);
      if (!file.has(at)) continue;
      const auto on_device = [&](const char* name) { return file.read(at + name).to(run.device); };
      ascents[c] = {on_device("/g"), on_device("/average"),
                    file.attribute(at, "step").get<int64_t>()};
      if (const json done = file.attribute(at, "chi2"); done.is_number()) chi2[c] = done;
    }
  }
  void save() {
    saved = std::chrono::steady_clock::now();
    run.group->any(false);  // all have read what is there
    if (!run.leads()) return;
    h5::File file = h5::File::create(path() + ".new");
    for (size_t c = 0; c < ascents.size(); ++c) {
      if (!ascents[c].g.defined()) continue;
      const std::string at = std::to_string(c);
      file.write(at + "/g", ascents[c].g), file.write(at + "/average", ascents[c].average);
      file.set_attribute(at, "step", ascents[c].step);
      if (chi2.contains(c)) file.set_attribute(at, "chi2", chi2.at(c));
    }
    file.close();
    rename_synced(path() + ".new", path());
  }
  bool due() const {
    return run.group->any(std::chrono::steady_clock::now() - saved > std::chrono::minutes(1));
  }
};

struct SemidiscreteOt : Pairing {
  Batches batches;
  c10::Device device;
  Random noise;
  bool by_class;
  std::vector<Cells> cells;  ///< of each class, or of all
  int64_t points;            ///< of all cells
  json told;

  SemidiscreteOt(const SemidiscreteOtOptions& options, const PairingInputs& inputs)
      : batches(inputs.batches),
        device(inputs.run->device),
        noise(inputs.run->random.stream("noise")),
        by_class(!options.mixed && batches.space().classes > 0) {
    if (options.mixed) warn_of_mixing(inputs);
    divide();
    if (inputs.earlier == nullptr) {
      climb(options.ascent, *inputs.run);
    } else {
      take_from(*inputs.earlier, options);
    }
  }

  /// The points: every example, mirrored too where half of them are, by class.
  void divide() {
    const int64_t M = batches.size();
    const bool mirror = batches.flips(row_range(0, 1, device)).defined();
    const Tensor all = row_range(0, mirror ? 2 * M : M, device);
    points = all.size(0);
    const Tensor label = batches.labels(all.remainder(M));
    for (int64_t c = by_class ? -1 : 0; c < (by_class ? batches.space().classes : 1); ++c) {
      const Tensor own = by_class ? (label == c).nonzero().view(-1) : all;
      if (own.size(0) == 0) {
        cells.emplace_back();
        continue;
      }
      const Tensor y = at::empty({own.size(0), batches.space().dims()}, at::TensorOptions(device));
      int64_t begin = 0;
      for (const Tensor& some : own.split(4096)) {
        y.narrow(0, begin, some.size(0)).copy_(example_at(some).x.flatten(1));
        begin += some.size(0);
      }
      cells.push_back({own, y, {}});
    }
  }

  Batch example_at(const Tensor& point) const {
    const int64_t M = batches.size();
    return batches.take(point.remainder(M), points > M ? point.ge(M) : Tensor());
  }

  void climb(const Semidiscrete& options, const Run& run) {
    constexpr int64_t steps_at_once = 20, samples_a_point = 8;
    Progress progress{run, {}};
    progress.load(cells.size());
    int64_t all = 0, before = 0;
    for (const Cells& own : cells) all += own.y.defined() ? steps_for(options, own.y.size(0)) : 0;
    double unevenness = 0;
    for (size_t c = 0; c < cells.size(); ++c) {
      Cells& own = cells[c];
      if (!own.y.defined()) continue;
      const Random random = run.random.stream(text("potentials of class ", c));
      Ascent& ascent = progress.ascents[c];
      if (!ascent.g.defined()) ascent = begin_ascent(own.y);
      ascent.group = run.group;
      const int64_t m = own.y.size(0), steps = steps_for(options, m);
      while (ascent.step < steps) {
        ascend(ascent, own.y, options, random, ascent.step + steps_at_once);
        run.log->progress("potentials", before + ascent.step, all);
        const bool stop = run.stop();
        if (stop || progress.due()) progress.save();
        if (stop)
          throw Unfinished(
              "stopped in the ascent of the potentials; all is saved, run the "
              "same command again");
      }
      own.g = ascent.average, before += steps;
      if (!progress.chi2.contains(c)) {
        const int64_t samples = std::max<int64_t>(4096, samples_a_point * m);
        const Tensor even = at::full({m}, 1.0 / static_cast<double>(m), own.g.options());
        progress.chi2[c] = chi2(hits(own.y, own.g, random, samples, *run.group), even);
        progress.save();
      }
      unevenness += progress.chi2.at(c) * static_cast<double>(m);
    }
    told["chi2"] = unevenness / static_cast<double>(points);
  }

  void take_from(const Artifact& earlier, const SemidiscreteOtOptions& options) {
    const std::string& path = earlier.file.path();
    require_option(unchanged(options.ascent), "the ascent's options have no effect: ", path,
                   " holds the potentials");
    const Tensor g = earlier.file.read("potentials").to(device);
    const json made = earlier.label.config.value("coupling", json::object());
    require(g.size(0) == points && made.value("mixed", false) == options.mixed, path, ": holds ",
            g.size(0), " potentials, mixed ", made.value("mixed", false), "; here are ", points,
            " points, mixed ", options.mixed, ": flip and coupling.mixed must be as there");
    for (Cells& own : cells) {
      if (own.points.defined()) own.g = g.index_select(0, own.points);
    }
    told["chi2"] = earlier.fact("chi2");
  }

  NewPairs make(const Tensor& numbers) const override {
    const at::NoGradGuard no_grad;
    const Tensor x0 = noise.normal(numbers, batches.space().shape);
    // The class of a number is that of the example that a shuffled epoch has there.
    const Tensor asked = batches.labels(batches.shuffled(numbers));
    Tensor point = at::empty_like(numbers);
    const Tensor group = by_class ? asked + 1 : at::zeros_like(asked);
    const Tensor order = group.argsort(/*stable=*/true, 0, /*descending=*/false);
    const Tensor counts = group.bincount({}, std::ssize(cells)).cpu();  // the host waits once
    const int64_t* often = counts.const_data_ptr<int64_t>();
    for (int64_t c = 0, begin = 0, count = 0; c < std::ssize(cells); ++c, begin += count) {
      count = often[c];
      if (count == 0) continue;
      const Cells& own = cells[c];
      const Tensor rows = order.narrow(0, begin, count);
      const Tensor j = assign_noise(x0.index_select(0, rows).flatten(1), own.y, own.g);
      point.index_copy_(0, rows, own.points.index_select(0, j));
    }
    const auto [x1, label] = example_at(point);
    const Tensor flip = points > batches.size() ? point.ge(batches.size()) : Tensor();
    const Tensor example = point.remainder(batches.size()).to(batches.stored().device());
    return {{x0, x1, label}, example, flip, {}};
  }

  bool keeps_examples() const override { return false; }
  json facts() const override { return told; }
  Tensors tables() const override {
    Tensor all = at::zeros({points}, at::TensorOptions(at::kDouble).device(device));
    for (const Cells& own : cells) {
      if (own.y.defined()) all.index_copy_(0, own.points, own.g.to(at::kDouble));
    }
    return {{"potentials", all}};
  }
};

}  // namespace

std::shared_ptr<Pairing> make_semidiscrete_ot(const SemidiscreteOtOptions& options,
                                              const PairingInputs& inputs) {
  return std::make_shared<SemidiscreteOt>(options, inputs);
}

}  // namespace couplet
