#include "flow/generator.h"

#include <ATen/ATen.h>

#include <atomic>

#include "base/error.h"
#include "base/threads.h"
#include "cuda/replay.h"
#include "flow/integrator.h"
#include "flow/parallel_decoding.h"

namespace couplet {

namespace {

template <class Net>
std::shared_ptr<Net> loaded(std::shared_ptr<Net> net, const Checkpoint& model, c10::Device device,
                            bool raw, bool partial) {
  load_tensors(*net, weights_of(model.blocks.back(), raw), partial);
  net->to(device);
  net->eval();
  return net;
}

using Function = std::function<Tensor(const Tensor& x, const Tensor& label)>;

/// A run of a batch's rows.
struct Share {
  int64_t begin, count;
  Tensor of(const Tensor& batch) const { return batch.narrow(0, begin, count); }
};

/// f of the rows, in shares side by side on a CPU; it gives as many numbers a row as x has.
Tensor by_shares(const Tensor& x, const std::function<Tensor(const Share&)>& f) {
  const at::NoGradGuard without_grad;  // views of one tensor are written by several threads
  const Tensor out = at::empty_like(x);
  over_shares(x.size(0), x.device(), [&](int64_t begin, int64_t count) {
    const Share share{begin, count};
    share.of(out).copy_(f(share));
  });
  return out;
}

void refuse(bool given, const char* name, const std::string& kind) {
  require_option(!given, "option '", name, "' has no effect on a ", kind);
}

void refuse_flow_options(const SamplingOptions& o, const std::string& kind) {
  const SamplingOptions unset;
  refuse(o.denoise, "denoise", kind);
  refuse(o.guided != unset.guided, "guided", kind);
  refuse(o.annealed != unset.annealed, "annealed", kind);
  refuse(o.temperature != unset.temperature, "temperature", kind);
  refuse(o.decode != unset.decode, "decode", kind);
  refuse(o.tolerance != unset.tolerance, "tolerance", kind);
  refuse(o.graph, "graph", kind);
}

void refuse_path_options(const SamplingOptions& o, const std::string& kind) {
  refuse(!o.grid.empty(), "grid", kind);
  refuse(o.rho != 0, "rho", kind);
  refuse(!o.times.empty(), "times", kind);
  refuse(o.steps != 0, "steps", kind);
}

void refuse_field_options(const SamplingOptions& o, const std::string& kind) {
  refuse(!o.solver.empty(), "solver", kind);
  refuse(o.rtol != 0, "rtol", kind);
  refuse(o.atol != 0, "atol", kind);
  refuse(!o.diffusion.empty(), "diffusion", kind);
  refuse(o.diffusion_scale != 0, "diffusion_scale", kind);
  refuse(o.last_step != 0, "last_step", kind);
  refuse(!o.guidance_interval.empty(), "guidance_interval", kind);
}

constexpr int64_t worth_a_trial = 256;  // batches: a trial takes as long as six, of few rows twelve

// Guidance needs two branches that differ: by the label, or by the temperature.
Decoding decoding_of(const Checkpoint& model, const SamplingOptions& o) {
  const bool guided = o.guidance != 0;
  refuse(!guided && o.guided != "ab", "guided", "flow without guidance");
  refuse(!guided && !o.annealed, "annealed", "flow without guidance");
  refuse(!guided && o.temperature != 1, "temperature", "flow without guidance");
  require_option(o.temperature > 0, "option 'temperature' must be positive, found ", o.temperature);
  require_option(!guided || model.space.classes > 0 || o.temperature != 1,
                 "option 'guidance' has no effect on a flow without classes, unless with a "
                 "temperature other than 1");
  require_option(o.guided == "ab" || o.guided == "b" || o.guided == "a",
                 "option 'guided' must be a, b or ab, found '", o.guided, "'");
  refuse(o.guided == "a" && !model.blocks.back().net.value("nvp", true), "guided",
         "flow without log-scales");
  require_option(o.decode == "sequential" || o.decode == "jacobi" || o.decode == "auto",
                 "option 'decode' must be sequential, jacobi or auto, found '", o.decode, "'");
  refuse(o.decode == "sequential" && o.tolerance != SamplingOptions().tolerance, "tolerance",
         "sequential decoding");
  require_option(o.tolerance > 0, "option 'tolerance' must be positive, found ", o.tolerance);
  return {.guidance = o.guidance,
          .what = o.guided,
          .annealed = o.annealed,
          .temperature = o.temperature};
}

Generator decoder(const Checkpoint& model, const SamplingOptions& o, c10::Device device,
                  int64_t batches) {
  refuse_field_options(o, model.kind);
  refuse_path_options(o, model.kind);
  const auto how = std::make_shared<Decoding>(decoding_of(model, o));
  const auto flow = load_flow(model, device, o.raw);
  if (o.decode != "sequential") require_steps(*flow);
  const bool trial = o.decode == "jacobi" || (o.decode == "auto" && batches >= worth_a_trial);
  const double eta = model.facts.at("eta").get<double>();
  require_option(!o.denoise || eta > 0, "option 'denoise' has no effect on a flow of clean data");
  require_option(!o.graph || device.is_cuda(), "option 'graph' has no effect on a CPU");
  require_option(!o.graph || o.decode == "sequential",
                 "option 'graph' needs decode = sequential: sweeps read from the device");
  Function decode = [flow, how](const Tensor& x0, const Tensor& label) {
    return flow->decode(x0, label, *how);
  };
  if (o.graph) {
    const auto recorded = std::make_shared<cuda::Replay>(decode);
    decode = [recorded](const Tensor& x0, const Tensor& label) { return (*recorded)(x0, label); };
  }
  Generator generator;
  const auto clean = [flow, eta](const Tensor& x, const Tensor& label) {
    // The gradient needs more memory than decoding: in parts.
    std::vector<Tensor> parts;
    const int64_t count = std::min<int64_t>(4, x.size(0));
    const auto xs = x.tensor_split(count), labels = label.tensor_split(count);
    for (int64_t i = 0; i < count; ++i) parts.push_back(denoise(*flow, xs[i], labels[i], eta));
    return at::cat(parts);
  };
  generator.generate = [decode, clean, o](const Tensor& x0, const Tensor& label, const Tensor&) {
    const Tensor x = decode(x0, label);
    if (!o.denoise) return x;
    return by_shares(x, [&](const Share& share) { return clean(share.of(x), share.of(label)); });
  };
  if (trial) {
    generator.try_out = [flow, how, o](const Tensor& x0, const Tensor& label) {
      return plan_decoding(*flow, x0, label, *how, o.tolerance, o.decode == "jacobi").report;
    };
    generator.follow = [how](const json& plan) {
      how->windows = plan.at("windows").get<std::vector<int64_t>>();
      how->tolerance = plan.value("sweep_tolerance", how->tolerance);
    };
  }
  generator.protocol = {{"solver", "decode"}, {"denoise", o.denoise ? 1 : 0}};
  if (o.guidance != 0) {
    generator.protocol["guided"] = o.guided;
    generator.protocol["annealed"] = o.annealed ? 1 : 0;
    generator.protocol["temperature"] = o.temperature;
  }
  if (o.decode != "sequential") generator.protocol["decode"] = trial ? o.decode : "sequential";
  return generator;
}

/// The times between which a field is guided.
std::pair<double, double> guided_between(const SamplingOptions& o) {
  const auto& given = o.guidance_interval;
  if (given.empty()) return {0, 1};
  refuse(o.guidance == 0, "guidance_interval", "field without guidance");
  require_option(given.size() == 2 && given[0] >= 0 && given[0] < given[1] && given[1] <= 1,
                 "option 'guidance_interval' must be two times that rise in 0 .. 1, found ",
                 json(given).dump());
  return {given[0], given[1]};
}

Generator integrator(const Checkpoint& model, const SamplingOptions& o, c10::Device device,
                     const Random& noise) {
  refuse_flow_options(o, model.kind);
  require_option(o.guidance == 0 || model.space.classes > 0,
                 "option 'guidance' has no effect on a model without classes");
  const auto [from, to] = guided_between(o);
  const auto guided = [w = o.guidance, from = from, to = to](LabelledVelocity v) {
    return guide(std::move(v), w, from, to);
  };
  const Integrator along =
      make_integrator(o, interpolant(model.facts.value("interpolant", "linear")), noise);
  const VelocityField field{load_backbone(model, 1, device, o.raw)};
  Generator generator;
  generator.velocity = guided(field);
  generator.protocol = along.protocol;
  if (!o.guidance_interval.empty()) generator.protocol["guidance_interval"] = o.guidance_interval;
  if (along.solver.adaptive == nullptr) {
    generator.protocol["nfe"] = evaluations(along, guided);
    generator.generate = [v = generator.velocity, along](const Tensor& x0, const Tensor& label,
                                                         const Tensor& rows) {
      return by_shares(x0, [&](const Share& share) {
        return along(couplet::bind(v, share.of(label)), share.of(x0), share.of(rows));
      });
    };
    return generator;
  }
  // One step for the batch, whatever the threads: they share each evaluation, not the rows' paths.
  const auto count = std::make_shared<std::atomic<int64_t>>(0);
  const auto v = guided([field, count](const Tensor& x, const Tensor& t, const Tensor& label) {
    *count += x.size(0);
    return field(x, t, label);
  });
  generator.evaluated = [count] { return count->load(); };
  generator.generate = [v, along](const Tensor& x0, const Tensor& label, const Tensor& rows) {
    const Velocity shared = [&](const Tensor& x, const Tensor& t) {
      return by_shares(
          x, [&](const Share& share) { return v(share.of(x), share.of(t), share.of(label)); });
    };
    return along(shared, x0, rows);
  };
  return generator;
}

Generator jumper(const Checkpoint& model, const SamplingOptions& o, c10::Device device) {
  refuse_flow_options(o, model.kind);
  refuse_field_options(o, model.kind);
  refuse(o.guidance != 0, "guidance", model.kind);
  const auto times = chosen_times(o, 1);
  const FlowMap phi{load_backbone(model, 2, device, o.raw)};
  Generator generator;
  generator.generate = [phi, times](const Tensor& x0, const Tensor& label, const Tensor&) {
    return by_shares(
        x0, [&](const Share& share) { return jump(phi, share.of(x0), share.of(label), times); });
  };
  const size_t steps = times.size() - 1;
  generator.protocol = {{"solver", "jump"}, {"steps", steps}, {"nfe", steps}};
  return generator;
}

}  // namespace

std::shared_ptr<NormalizingFlow> load_flow(const Checkpoint& model, c10::Device device, bool raw) {
  return loaded(normalizing_flows().make(model.blocks.back().net, model.space), model, device, raw,
                /*partial=*/false);
}

std::shared_ptr<Backbone> load_backbone(const Checkpoint& model, int64_t clocks, c10::Device device,
                                        bool raw) {
  const bool new_clock = clocks == 2 && model.kind == "velocity-field";
  return loaded(backbones().make(model.blocks.back().net, model.space, clocks), model, device, raw,
                new_clock);
}

Generator make_generator(const Checkpoint& model, const SamplingOptions& options,
                         c10::Device device, int64_t batches, const Random& noise) {
  Generator generator = model.kind == "normalizing-flow" ? decoder(model, options, device, batches)
                        : model.kind == "velocity-field" ? integrator(model, options, device, noise)
                                                         : jumper(model, options, device);
  const bool average = !options.raw && !model.blocks.back().average.empty();
  json& protocol = generator.protocol;
  protocol["model"] = model.kind;
  protocol["weights"] = average ? "average" : "raw";
  protocol["guidance"] = options.guidance;
  if (!options.grid.empty()) protocol["grid"] = options.grid;
  if (options.rho != 0) protocol["rho"] = options.rho;
  if (!options.times.empty()) protocol["times"] = options.times;
  return generator;
}

}  // namespace couplet
