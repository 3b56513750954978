// A checkpoint as a function from noise and labels to data.
#pragma once
#include "flow/integrator.h"
#include "io/checkpoint.h"

namespace couplet {

struct DecodingOptions {
  std::string guided = "ab";
  bool annealed = true;
  double temperature = 1;
  std::string decode = "sequential";
  double tolerance = 1e-3;
  bool graph = false, denoise = false;
  void describe(auto&& option) {
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
           "from the third on");
    option("denoise", denoise,
           "of a normalizing flow: one step along the score takes the noise eta off");
  }
};

struct SamplingOptions {
  IntegratorOptions path;  ///< of a velocity field
  GridOptions grid;        ///< of a velocity field or a flow map
  DecodingOptions flow;
  double guidance = 0;
  std::vector<double> guidance_interval;
  bool raw = false;
  double ema = 0;
  std::string precision = "fp32";
  void describe(auto&& option) {
    path.describe(option);
    grid.describe(option);
    option("guidance", guidance,
           "w of v + w (v - v_null); of a flow: on its scales and shifts; 0: off");
    option("guidance_interval", guidance_interval,
           "of a field: times between which it is guided, as [0.3, 0.9]; all if empty");
    flow.describe(option);
    option("raw", raw, "the weights as trained instead of their moving average");
    option("ema", ema,
           "decay of the moving average to take, where the model has several; 0: first");
    option("precision", precision,
           "of a field or a map: fp32, or bf16: autocast around the networks");
  }
};

/// How a checkpoint makes samples.
struct Generator {
  /// rows: (N), which decide the noise of a stochastic solver.
  std::function<Tensor(const Tensor& x0, const Tensor& label, const Tensor& rows)> generate;
  LabelledVelocity velocity;  ///< of a velocity field, guided, of a chain concatenated; else empty
  /// Of an adaptive solver, whose NFE only the run tells: rows that the network has been given so
  /// far, those of both branches of guidance. Else empty.
  std::function<int64_t()> evaluated;
  /// Of a flow map alone, from any time to any: phi_{s,t}(x | label), s and t numbers; else empty.
  std::function<Tensor(const Tensor& x, double s, double t, const Tensor& label)> phi;
  /// Of a velocity field with fixed steps, and of a map distilled to encode: data to noise, back
  /// over the same times; else empty.
  std::function<Tensor(const Tensor& x1, const Tensor& label)> encode;
  /// Of a velocity field with fixed steps, and of a map without noise between its jumps: noise to
  /// data with all points between, (N, K + 1, *shape) at so many times; else empty. The last ones
  /// are those of generate.
  std::function<Tensor(const Tensor& x0, const Tensor& label, const Tensor& rows)> path;
  std::vector<double> path_times;
  json protocol;  ///< solver, grid, steps, nfe, guidance, weights, model: what samples tell
  /// Where a flow is decoded by sweeps: a trial on a batch, which says how; and to do so. Else
  /// empty.
  std::function<json(const Tensor& x0, const Tensor& label)> try_out;
  std::function<void(const json& plan)> follow;
};
/// batches: how many will be made, for which a trial of decode=auto has to pay. noise: of a
/// stochastic solver. Options that have no effect on the checkpoint's kind throw BadOption.
Generator make_generator(const Checkpoint& model, const SamplingOptions& options,
                         c10::Device device, int64_t batches = 1, const Random& noise = Random(0));

}  // namespace couplet
