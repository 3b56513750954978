// A checkpoint as a function from noise and labels to data.
#pragma once
#include "flow/flow_map.h"
#include "flow/normalizing_flow.h"
#include "flow/velocity_field.h"
#include "io/checkpoint.h"

namespace couplet {

/// The trained networks of a checkpoint, in evaluation mode on a device; raw: not the moving
/// average.
std::shared_ptr<NormalizingFlow> load_flow(const Checkpoint& model, c10::Device device,
                                           bool raw = false);
/// clocks = 2 makes a flow map out of a velocity field's weights too: the second clock starts at
/// zero.
std::shared_ptr<Backbone> load_backbone(const Checkpoint& model, int64_t clocks, c10::Device device,
                                        bool raw = false);

struct SamplingOptions {
  std::string solver, grid;
  int64_t steps = 0;
  double guidance = 0;
  std::string guided = "ab";
  bool annealed = true;
  double temperature = 1;
  std::string decode = "sequential";
  double tolerance = 1e-3;
  bool graph = false, denoise = false, raw = false;
  void describe(auto&& option) {
    option("solver", solver, "of a velocity field: euler, heun, heun-euler (default euler)");
    option("grid", grid, "of a field or map: times uniform or quadratic (default uniform)");
    option("steps", steps, "steps of a field (default 32), jumps of a map (default 1)");
    option("guidance", guidance,
           "w of v + w (v - v_null); of a flow: on its scales and shifts; 0: off");
    option("guided", guided, "of a flow: what is guided, a (log-scales), b (shifts) or ab");
    option("annealed", annealed, "of a flow: guidance grows along the sequence of its patches");
    option("temperature", temperature,
           "of a flow: what divides the attention of the branch without a label");
    option("decode", decode,
           "of a flow: token by token (sequential), by sweeps over many (jacobi), or by trial the "
           "faster in each block (auto)");
    option("tolerance", tolerance, "of a flow decoded by sweeps: largest distance to sequential");
    option("graph", graph,
           "of a flow on a GPU: decoding's launches are recorded at the second batch and replayed "
           "from the "
           "third on");
    option("denoise", denoise,
           "of a normalizing flow: one step along the score takes the noise eta off");
    option("raw", raw, "the weights as trained instead of their moving average");
  }
};

/// How a checkpoint makes samples.
struct Generator {
  std::function<Tensor(const Tensor& x0, const Tensor& label)> generate;
  LabelledVelocity velocity;  ///< of a velocity field, guided; else empty
  json protocol;  ///< solver, grid, steps, nfe, guidance, weights, model: what samples tell
  /// Where a flow is decoded by sweeps: a trial on a batch, which says how; and to do so. Else
  /// empty.
  std::function<json(const Tensor& x0, const Tensor& label)> try_out;
  std::function<void(const json& plan)> follow;
};
/// batches: how many will be made, for which a trial of decode=auto has to pay. Options that have
/// no effect on the checkpoint's kind throw BadOption.
Generator make_generator(const Checkpoint& model, const SamplingOptions& options,
                         c10::Device device, int64_t batches = 1);

}  // namespace couplet
