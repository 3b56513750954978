#include "flow/generator.h"

#include <ATen/ATen.h>

#include "base/error.h"
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

void refuse(bool given, const char* name, const std::string& kind) {
  require_option(!given, "option '", name, "' has no effect on a ", kind);
}

Generator decoder(const Checkpoint& model, const SamplingOptions& o, c10::Device device) {
  refuse(!o.solver.empty(), "solver", model.kind);
  refuse(!o.grid.empty(), "grid", model.kind);
  refuse(o.steps != 0, "steps", model.kind);
  const auto flow = load_flow(model, device, o.raw);
  const double eta = model.facts.at("eta").get<double>();
  Generator generator;
  generator.generate = [flow, o, eta](const Tensor& x0, const Tensor& label) {
    const Tensor x = flow->decode(x0, label, {.guidance = o.guidance});
    return o.denoise ? denoise(*flow, x, label, eta) : x;
  };
  generator.protocol = {{"solver", "decode"}, {"denoise", o.denoise ? 1 : 0}};
  return generator;
}

Generator integrator(const Checkpoint& model, const SamplingOptions& o, c10::Device device) {
  refuse(o.denoise, "denoise", model.kind);
  const std::string name = o.solver.empty() ? "euler" : o.solver;
  const Solver& method = solver(name);
  const int64_t steps = o.steps == 0 ? 32 : o.steps;
  const auto times = time_grid(o.grid.empty() ? "uniform" : o.grid, steps);
  Generator generator;
  generator.velocity = guide(VelocityField{load_backbone(model, 1, device, o.raw)}, o.guidance);
  generator.generate = [v = generator.velocity, &method, times](const Tensor& x0,
                                                                const Tensor& label) {
    return integrate(method, bind(v, label), x0, times);
  };
  const int64_t nfe = evaluations(method, steps) * (o.guidance == 0 ? 1 : 2);
  generator.protocol = {{"solver", name}, {"steps", steps}, {"nfe", nfe}};
  return generator;
}

Generator jumper(const Checkpoint& model, const SamplingOptions& o, c10::Device device) {
  refuse(o.denoise, "denoise", model.kind);
  refuse(!o.solver.empty(), "solver", model.kind);
  refuse(o.guidance != 0, "guidance", model.kind);
  const int64_t steps = o.steps == 0 ? 1 : o.steps;
  const auto times = time_grid(o.grid.empty() ? "uniform" : o.grid, steps);
  const FlowMap phi{load_backbone(model, 2, device, o.raw)};
  Generator generator;
  generator.generate = [phi, times](const Tensor& x0, const Tensor& label) {
    return jump(phi, x0, label, times);
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
                         c10::Device device) {
  Generator generator = model.kind == "normalizing-flow" ? decoder(model, options, device)
                        : model.kind == "velocity-field" ? integrator(model, options, device)
                                                         : jumper(model, options, device);
  require_option(options.guidance == 0 || model.space.classes > 0,
                 "option 'guidance' has no effect on a model without classes");
  const bool average = !options.raw && !model.blocks.back().average.empty();
  json& protocol = generator.protocol;
  protocol["model"] = model.kind;
  protocol["weights"] = average ? "average" : "raw";
  protocol["guidance"] = options.guidance;
  if (!options.grid.empty()) protocol["grid"] = options.grid;
  return generator;
}

}  // namespace couplet
