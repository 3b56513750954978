// TarFlow: a normalizing flow of causal transformers over patches.
#pragma once
#include "flow/normalizing_flow.h"

namespace couplet {

/// Names of the published runs are patch-channels-blocks-layers, as "2-768-8-8".
struct TarFlowOptions {
  int64_t patch = 2;
  int64_t channels = 128;
  int64_t blocks = 4;
  int64_t layers = 4;
  int64_t head = 64;
  bool nvp = true;

  void describe(auto&& option) {
    option("patch", patch, "side of a square patch of an image; of a vector: numbers in a token");
    option("channels", channels, "width of the transformers, a multiple of head");
    option("blocks", blocks, "flow blocks; every other one reads the tokens backwards");
    option("layers", layers, "attention layers in each block");
    option("head", head, "width of one attention head; 64 in the published weights");
    option("nvp", nvp, "scale and shift the tokens; false: shift only, which preserves volume");
  }
};

/// TarFlow (Zhai et al. 2412.06329) for images (C, H, W) or vectors (D), with the state dict of
/// apple/ml-tarflow. Unlike there, a new flow is the identity (the last bias starts at zero too),
/// label -1 is the mean of the class table in decode as well as in encode, and log-determinants are
/// sums. Volume preserving (nvp = false), it learns the variance of its prior, the buffer var, by
/// which decode scales the noise; unlike there, encode undoes that in evaluation mode, so that the
/// two are inverses and log p is that of the samples. Throws BadOption where patch or head do not
/// fit.
std::shared_ptr<NormalizingFlow> make_tarflow(const TarFlowOptions& options, const Space& space);

}  // namespace couplet
