// A checkpoint as a function from noise and labels to data.
#pragma once
#include "base/random.h"
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
  double rho = 0;
  std::vector<double> times;
  int64_t steps = 0;
  double rtol = 0, atol = 0;
  std::string diffusion;
  double diffusion_scale = 0, last_step = 0;
  double guidance = 0;
  std::vector<double> guidance_interval;
  std::string guided = "ab";
  bool annealed = true;
  double temperature = 1;
  std::string decode = "sequential";
  double tolerance = 1e-3;
  bool graph = false, denoise = false, raw = false;
  void describe(auto&& option) {
    option("solver", solver,
           "of a velocity field: euler (default), midpoint, heun, heun-euler, heun3, rk4, rk4-38, "
           "adaptive dopri5, stochastic euler-maruyama");
    option("grid", grid, "of a field or map: times uniform, quadratic or edm (default uniform)");
    option("rho", rho, "of the grid edm: 7 if 0");
    option("times", times, "in place of a grid: times from 0 to 1, as [0, 0.3, 1]");
    option("steps", steps,
           "steps of a field (default 32; euler-maruyama 250), jumps of a map (default 1)");
    option("rtol", rtol, "of dopri5: error allowed in a step, relative to x; 1e-5 if 0");
    option("atol", atol, "of dopri5: error allowed beside that; 1e-5 if 0");
    option("diffusion", diffusion,
           "of euler-maruyama, which supposes noise drawn independently of the data: sigma "
           "(default), linear, constant, decreasing, increasing-decreasing");
    option("diffusion_scale", diffusion_scale,
           "of euler-maruyama: factor of the diffusion; 1 if 0");
    option("last_step", last_step,
           "of euler-maruyama: length of its last step, which adds no noise; 0.04 if 0");
    option("guidance", guidance,
           "w of v + w (v - v_null); of a flow: on its scales and shifts; 0: off");
    option("guidance_interval", guidance_interval,
           "of a field: times between which it is guided, as [0.3, 0.9]; all if empty");
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
  /// rows: (N), which decide the noise of a stochastic solver.
  std::function<Tensor(const Tensor& x0, const Tensor& label, const Tensor& rows)> generate;
  LabelledVelocity velocity;  ///< of a velocity field, guided; else empty
  /// Of an adaptive solver, whose NFE only the run tells: rows that the network has been given so
  /// far, those of both branches of guidance. Else empty.
  std::function<int64_t()> evaluated;
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
