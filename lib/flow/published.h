// The networks of published code: what a state dict tells of them, and what has to be asked for.
#pragma once
#include "flow/weights.h"

namespace couplet {

struct Published {
  const char* name;  ///< whose it is
  const char* mark;  ///< a tensor that no other network has
  const char* kind;  ///< of the checkpoint that it becomes
  /// BadOption for what no tensor tells and no option says, and for options without effect here.
  void (*ask)(const WeightOptions& options, const std::string& path);
  /// Reads the network's options off the shapes of blocks[0].weights into blocks[0].net, and the
  /// number of classes. Throws where a tensor is missing or has another shape.
  void (*read)(Checkpoint& model, const WeightOptions& options);
  /// Numbers of a few evaluations, to be printed and kept.
  json (*check)(const Checkpoint& model, const Run& run);
  /// Of a field: the layer that reads the clock's embedding (cosines first), and the last one.
  const char *clock = "", *last = "";
};

/// TarFlow, U-Net, DiT: in the order in which their marks are looked for.
const std::vector<Published>& published_networks();
extern const Published published_tarflow, published_unet, published_dit;

/// BadOption unless given: path does not tell what, give it by how.
void need(bool given, const std::string& path, const char* what, const char* how);
/// BadOption if given: the option has no effect on what path holds.
void idle(bool given, const std::string& path, const char* option, const char* what);
/// The sizes of a tensor. Throws unless it is there and has these (-1: any).
std::vector<int64_t> sizes_of(const Tensors& weights, const std::string& name,
                              at::IntArrayRef expected);
/// Whether a name begins so.
bool any_below(const Tensors& weights, const std::string& prefix);
/// How many of "prefix0.", "prefix1.", … begin a name.
int64_t count_of(const Tensors& weights, const std::string& prefix);

/// What velocity fields ask for, whatever their network.
void ask_of_field(const WeightOptions& options, const std::string& path);
/// Root mean squares of the velocity at t = 0, 1/2 and 1 of sixteen draws.
json check_field(const Checkpoint& model, const Run& run);
/// v(x, t) -> -v(x, 1 - t), exact up to rounding: cos(f - f t) and sin(f - f t) are turned cosines
/// and sines of f t, which the layer that reads them can undo; the last layer changes its sign.
/// Noise at K steps of a diffusion: n(x, k) -> n(x, K - 1 - K t).
void turn_clock(Checkpoint& field, const Published& network);
/// The largest |v(x, t) + v'(x, 1 - t)| of a field and the one that was turned into it, on the
/// same draws; of noise |n(x, t) - n'(x, 1 - 1/K - t)|.
double turning_error(Checkpoint field, Checkpoint before, const Run& run);

}  // namespace couplet
