#include "flow/generators/decode.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/threads.h"
#include "cuda/replay.h"
#include "flow/loading.h"
#include "flow/parallel_decoding.h"

namespace couplet {

namespace {

using Function = std::function<Tensor(const Tensor& x, const Tensor& label)>;

void refuse(bool given, const char* name, const std::string& what) {
  require_option(!given, "option '", name, "' has no effect on ", what);
}

constexpr int64_t worth_a_trial = 256;  // batches: a trial takes as long as six, of few rows twelve

// Guidance needs two branches that differ: by the label, or by the temperature.
Decoding decoding_of(const Checkpoint& model, const DecodingOptions& o, double guidance) {
  const bool guided = guidance != 0;
  require_null_branch(guided && model.space.classes > 0, model);
  refuse(!guided && o.guided != "ab", "guided", "a flow without guidance");
  refuse(!guided && !o.annealed, "annealed", "a flow without guidance");
  refuse(!guided && o.temperature != 1, "temperature", "a flow without guidance");
  require_option(o.temperature > 0, "option 'temperature' must be positive, found ", o.temperature);
  require_option(!guided || model.space.classes > 0 || o.temperature != 1,
                 "option 'guidance' has no effect on a flow without classes, unless with a "
                 "temperature other than 1");
  require_option(o.guided == "ab" || o.guided == "b" || o.guided == "a",
                 "option 'guided' must be a, b or ab, found '", o.guided, "'");
  refuse(o.guided == "a" && !model.blocks.back().net.value("nvp", true), "guided",
         "a flow without log-scales");
  require_option(o.decode == "sequential" || o.decode == "jacobi" || o.decode == "auto",
                 "option 'decode' must be sequential, jacobi or auto, found '", o.decode, "'");
  refuse(o.decode == "sequential" && o.tolerance != DecodingOptions().tolerance, "tolerance",
         "sequential decoding");
  require_option(o.tolerance > 0, "option 'tolerance' must be positive, found ", o.tolerance);
  return {
      .guidance = guidance, .what = o.guided, .annealed = o.annealed, .temperature = o.temperature};
}

}  // namespace

Generator decoding(const Checkpoint& model, const SamplingOptions& options, c10::Device device,
                   int64_t batches) {
  refuse_changed(options.path, "a normalizing-flow");
  refuse_changed(options.grid, "a normalizing-flow");
  require_option(options.guidance_interval.empty(),
                 "option 'guidance_interval' has no effect on a normalizing-flow");
  require_option(options.precision == "fp32",
                 "option 'precision' has no effect on a normalizing-flow");
  const DecodingOptions& o = options.flow;
  const auto how = std::make_shared<Decoding>(decoding_of(model, o, options.guidance));
  const auto flow = load_flow(model, device, options.raw);
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
  if (options.guidance != 0) {
    generator.protocol["guided"] = o.guided;
    generator.protocol["annealed"] = o.annealed ? 1 : 0;
    generator.protocol["temperature"] = o.temperature;
  }
  if (o.decode != "sequential") generator.protocol["decode"] = trial ? o.decode : "sequential";
  return generator;
}

}  // namespace couplet
