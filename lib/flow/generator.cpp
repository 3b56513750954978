#include "flow/generator.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/threads.h"
#include "cuda/replay.h"
#include "flow/parallel_decoding.h"
#include "flow/solver.h"

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

/// f of the rows, in shares side by side on a CPU.
Tensor by_shares(const Function& f, const Tensor& x, const Tensor& label) {
  const at::NoGradGuard without_grad;  // views of one tensor are written by several threads
  const Tensor out = at::empty_like(x);
  over_shares(x.size(0), x.device(), [&](int64_t begin, int64_t count) {
    out.narrow(0, begin, count).copy_(f(x.narrow(0, begin, count), label.narrow(0, begin, count)));
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
  refuse(!o.solver.empty(), "solver", model.kind);
  refuse(!o.grid.empty(), "grid", model.kind);
  refuse(o.steps != 0, "steps", model.kind);
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
  generator.generate = [decode, clean, o](const Tensor& x0, const Tensor& label) {
    const Tensor x = decode(x0, label);
    return o.denoise ? by_shares(clean, x, label) : x;
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

Generator integrator(const Checkpoint& model, const SamplingOptions& o, c10::Device device) {
  refuse_flow_options(o, model.kind);
  require_option(o.guidance == 0 || model.space.classes > 0,
                 "option 'guidance' has no effect on a model without classes");
  const std::string name = o.solver.empty() ? "euler" : o.solver;
  const Solver& method = solver(name);
  const int64_t steps = o.steps == 0 ? 32 : o.steps;
  const auto times = time_grid(o.grid.empty() ? "uniform" : o.grid, steps);
  Generator generator;
  generator.velocity = guide(VelocityField{load_backbone(model, 1, device, o.raw)}, o.guidance);
  const auto solve = [v = generator.velocity, &method, times](const Tensor& x0,
                                                              const Tensor& label) {
    return integrate(method, bind(v, label), x0, times);
  };
  generator.generate = [solve](const Tensor& x0, const Tensor& label) {
    return by_shares(solve, x0, label);
  };
  const int64_t nfe = evaluations(method, steps) * (o.guidance == 0 ? 1 : 2);
  generator.protocol = {{"solver", name}, {"steps", steps}, {"nfe", nfe}};
  return generator;
}

Generator jumper(const Checkpoint& model, const SamplingOptions& o, c10::Device device) {
  refuse_flow_options(o, model.kind);
  refuse(!o.solver.empty(), "solver", model.kind);
  refuse(o.guidance != 0, "guidance", model.kind);
  const int64_t steps = o.steps == 0 ? 1 : o.steps;
  const auto times = time_grid(o.grid.empty() ? "uniform" : o.grid, steps);
  const FlowMap phi{load_backbone(model, 2, device, o.raw)};
  Generator generator;
  const auto jumps = [phi, times](const Tensor& x0, const Tensor& label) {
    return jump(phi, x0, label, times);
  };
  generator.generate = [jumps](const Tensor& x0, const Tensor& label) {
    return by_shares(jumps, x0, label);
  };
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
                         c10::Device device, int64_t batches) {
  Generator generator = model.kind == "normalizing-flow" ? decoder(model, options, device, batches)
                        : model.kind == "velocity-field" ? integrator(model, options, device)
                                                         : jumper(model, options, device);
  const bool average = !options.raw && !model.blocks.back().average.empty();
  json& protocol = generator.protocol;
  protocol["model"] = model.kind;
  protocol["weights"] = average ? "average" : "raw";
  protocol["guidance"] = options.guidance;
  if (!options.grid.empty()) protocol["grid"] = options.grid;
  return generator;
}

}  // namespace couplet
