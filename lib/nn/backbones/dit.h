// DiT: a transformer over patches (Peebles and Xie, 2212.09748), as facebookresearch/DiT and SiT.
#pragma once
#include "nn/backbone.h"

namespace couplet {

struct DitOptions {
  std::string size;
  int64_t patch = 2, hidden = 0, depth = 0, heads = 0;
  double mlp_ratio = 4;
  bool learn_sigma = false;
  std::string predicts = "velocity";
  double time_scale = 1;
  void describe(auto&& option) {
    option("size", size,
           "S (default), B, L or XL: hidden, depth and heads as published, unless they are given");
    option("patch", patch, "side of a patch in pixels: DiT-B/4 is size=B, patch=4");
    option("hidden", hidden, "width of a token; 0: that of the size");
    option("depth", depth, "transformer blocks; 0: those of the size");
    option("heads", heads, "attention heads; 0: those of the size");
    option("mlp_ratio", mlp_ratio, "width of the perceptrons over that of a token");
    option("learn_sigma", learn_sigma,
           "twice the output channels, as DiT; the second half is dropped");
    option("predicts", predicts,
           "velocity, or noise as DiT: that of a diffusion, made a velocity on the path 'vp'");
    option("time_scale", time_scale,
           "the clock t is multiplied by this; SiT: 1, DiT: its 1000 steps");
  }
};

/// What the options leave to the size written out. Errors: BadOption.
DitOptions sized(DitOptions options);

/// Weights have the names of facebookresearch/DiT; those of the second clock
/// and the third are dt_embedder and w_embedder.
struct Dit : Backbone {
  /// What the network itself says: with learn_sigma all 2C channels, or the noise.
  virtual Tensor all_channels(const Tensor& x, const Tensor& times, const Tensor& label) = 0;
};

/// Images (C, H, W) that the patch divides; 1 to 3 clocks. BadOption where the options do not fit.
std::shared_ptr<Backbone> make_dit(const DitOptions& options, const Space& space, int64_t clocks);

}  // namespace couplet
