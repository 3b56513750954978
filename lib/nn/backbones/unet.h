// U-Net of guided diffusion (Dhariwal and Nichol, 2105.05233), as torchcfm's UNetModelWrapper.
#pragma once
#include "nn/backbone.h"

namespace couplet {

struct UnetOptions {
  int64_t channels = 64, res_blocks = 2;
  std::vector<int64_t> channel_mult{1, 2, 2}, attention_resolutions{16};
  int64_t heads = 4, head_channels = 0;
  double time_scale = 1;
  void describe(auto&& option) {
    option("channels", channels, "width of the first level");
    option("res_blocks", res_blocks, "residual blocks a level");
    option("channel_mult", channel_mult,
           "width of each level over 'channels'; each next level halves the image");
    option("attention_resolutions", attention_resolutions,
           "attention where the image was halved log2(width / this) times, rounded down as "
           "torchcfm does");
    option("heads", heads, "attention heads");
    option("head_channels", head_channels, "channels a head, instead of 'heads'; 0: use 'heads'");
    option("time_scale", time_scale, "clocks are multiplied by this; torchcfm: 1");
  }
};

/// Images (C, H, W) that can be halved once a level after the first; 1 or 2 clocks. Weights have
/// the names of guided diffusion; the second clock's are dt_embed. Without a label, none is added.
/// BadOption where the options do not fit.
std::shared_ptr<Backbone> make_unet(const UnetOptions& options, const Space& space, int64_t clocks);

}  // namespace couplet
