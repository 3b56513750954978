#include "eval/nll.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "base/threads.h"
#include "base/version.h"
#include "data/noising.h"
#include "flow/loading.h"

namespace couplet {

namespace {

/// The options with their defaults for these data.
NllOptions completed(NllOptions o, const Dataset& data) {
  if (o.divergence.empty()) o.divergence = data.space.shape.size() == 1 ? "exact" : "hutchinson";
  if (o.noise.empty()) o.noise = data.is_bytes() ? "uniform" : "none";
  require_option(o.divergence == "exact" || o.divergence == "hutchinson",
                 "option 'nll.divergence' must be exact or hutchinson, found '", o.divergence, "'");
  require_option(o.noise == "uniform" || o.noise == "none",
                 "option 'nll.noise' must be uniform or none, found '", o.noise, "'");
  require_option(o.probes > 0, "option 'nll.probes' must be positive, found ", o.probes);
  require_option(o.probes == 1 || o.divergence == "hutchinson",
                 "option 'nll.probes' has no effect on the exact divergence");
  require_option(o.rows >= 0, "option 'nll.rows' must be 0 or more, found ", o.rows);
  require_option(o.batch > 0, "option 'nll.batch' must be positive, found ", o.batch);
  return o;
}

}  // namespace

json nll(const Checkpoint& model, const Dataset& data, const std::string& split,
         const NllOptions& options, const Run& run) {
  const NllOptions o = completed(options, data);
  require_whole(model);
  require(model.space.shape == data.space.shape, data.path, ": examples of shape ",
          at::IntArrayRef(data.space.shape), ", the model's have ",
          at::IntArrayRef(model.space.shape));
  require(model.space.classes == 0 || model.space.classes == data.space.classes, data.path,
          ": has ", data.space.classes, " classes, the model ", model.space.classes);
  // An imported model does not know its data.
  require(model.facts.value("data", "").empty() ||
              Scaling::from_json(model.facts).to_json() == data.scaling.to_json(),
          data.path, ": is scaled otherwise than the data of the model; convert both together");
  const Chain chain = load_chain(chosen_average(model, o.raw, o.ema), run.device, o.raw);
  const Solver& method = fixed_solver(o.solver);
  const auto times = time_grid("uniform", o.steps);
  const Noising noising(o.noise == "uniform" ? "uniform" : "gaussian", 0, data);
  const Random noise = run.random.stream("dequantisation"), probe = run.random.stream("probes");

  const auto [begin, whole] = split_rows(data, split);
  const int64_t end = o.rows == 0 ? whole : std::min(whole, begin + o.rows);
  const auto in_double = at::TensorOptions(at::kDouble).device(run.device);
  const int64_t batches = (end - begin + o.batch - 1) / o.batch, processes = run.group->size();
  const Tensor sums = at::zeros({batches, 3}, in_double);  // of log p, its square, the codes
  const auto measure_batch = [&](int64_t batch) {
    const int64_t i = begin + batch * o.batch;
    const Tensor rows = row_range(i, std::min(end, i + o.batch));
    const Tensor row = rows.to(run.device),
                 x = noising(data.examples(rows, run.device), row, noise);
    const Tensor label = model.space.classes == 0
                             ? at::full_like(row, -1)
                             : data.labels.index_select(0, rows).to(run.device);
    const Tensor log_p = at::empty({x.size(0)}, in_double), norm = at::empty_like(log_p);
    over_shares(x.size(0), run.device, [&](int64_t first, int64_t count) {
      const at::NoGradGuard no_grad;
      const auto share = [&](const Tensor& t) { return t.narrow(0, first, count); };
      const Divergence divergence =
          o.divergence == "exact"
              ? exact_divergence
              : hutchinson(draw_probes(probe, share(row), o.probes, data.space.shape));
      const Encoded code = encode(chain, method, divergence, share(x), share(label), times);
      share(log_p).copy_(log_prob(code));
      share(norm).copy_(code.z.flatten(1).square().mean(1));
    });
    sums[batch].copy_(at::stack({log_p.sum(), log_p.square().sum(), norm.sum()}));
  };
  for (int64_t done = 0; done < batches;) {  // a batch for each process
    const int64_t own = done + run.group->rank();
    if (own < batches) measure_batch(own);
    done = std::min(done + processes, batches);
    run.log->progress("likelihood", std::min(end - begin, done * o.batch), end - begin);
    if (done < batches && run.stop()) {
      throw NothingKept("stopped; a likelihood keeps nothing, run it again");
    }
  }
  run.group->sum(sums);
  const Tensor total = sums.sum(0).cpu();

  const auto n = static_cast<double>(end - begin), D = static_cast<double>(data.space.dims());
  const double mean = -total[0].item<double>() / n;
  const double variance = std::max(0.0, total[1].item<double>() / n - mean * mean);
  json out = {{"nll", mean / D},
              {"nll_error", std::sqrt(variance / n) / D},
              {"latent", total[2].item<double>() / n},
              {"rows", end - begin}};
  if (data.space.shape.size() == 1) {
    const double unit = o.noise == "uniform" ? std::log(noising.level()) : data.scaling.log_scale();
    out["nats"] = mean - D * unit;
  }
  if (o.noise == "uniform") out["bits"] = (mean / D - std::log(noising.level())) / std::log(2.0);
  out["protocol"] = write_options(o);
  out["protocol"]["split"] = split, out["protocol"]["reference"] = data.path;
  out["protocol"]["version"] = COUPLET_VERSION;
  return out;
}

json nll(const std::string& field, const std::string& data, const std::string& split,
         const NllOptions& options, const Run& run) {
  json found = {{"samples", field}, {"model", "velocity-field"}};
  const Checkpoint model = read_checkpoint(field, {"velocity-field"});
  found.update(nll(model, open_dataset(data), split, options, run));
  return found;
}

bool is_velocity_field(const std::string& path) {
  return is_artifact(path) && read_label(path).kind == "velocity-field";
}

}  // namespace couplet
