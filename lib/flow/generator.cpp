#include "flow/generator.h"

#include "base/error.h"
#include "flow/generators/decode.h"
#include "flow/generators/integrate.h"
#include "flow/generators/jump.h"

namespace couplet {

Generator make_generator(const Checkpoint& trained, const SamplingOptions& options,
                         c10::Device device, int64_t batches, const Random& noise) {
  const Checkpoint model = chosen_average(trained, options.raw, options.ema);
  require_option(options.precision == "fp32" || options.precision == "bf16",
                 "option 'precision' must be fp32 or bf16, found ", options.precision);
  Generator generator = model.kind == "normalizing-flow" ? decoding(model, options, device, batches)
                        : model.kind == "velocity-field"
                            ? integrating(model, options, device, noise)
                            : jumping(model, options, device, noise);
  const bool average = !options.raw && !model.blocks.back().average.empty();
  json& protocol = generator.protocol;
  protocol["model"] = model.kind;
  protocol["weights"] = average ? "average" : "raw";
  if (options.ema != 0) protocol["ema"] = options.ema;
  if (!protocol.contains("guidance")) protocol["guidance"] = options.guidance;
  if (options.precision != "fp32") protocol["precision"] = options.precision;
  const GridOptions& grid = options.grid;
  if (!grid.grid.empty()) protocol["grid"] = grid.grid;
  if (grid.rho != 0) protocol["rho"] = grid.rho;
  if (!grid.times.empty()) protocol["times"] = grid.times;
  return generator;
}

}  // namespace couplet
