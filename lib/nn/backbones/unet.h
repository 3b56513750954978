// U-Net of guided diffusion (Dhariwal and Nichol, 2105.05233), as torchcfm's UNetModelWrapper.
#pragma once
#include "nn/backbone.h"

namespace couplet {

struct UnetOptions {
  int64_t channels = 64, res_blocks = 2;
  std::vector<int64_t> channel_mult{1, 2, 2}, attention_resolutions{16};
  int64_t heads = 4, head_channels = 0, heads_upsample = 0;
  bool new_attention_order = false, scale_shift_norm = false, resblock_updown = false;
  bool conv_resample = true;
  double dropout = 0, time_scale = 1;
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
    option("heads_upsample", heads_upsample, "attention heads on the way up; 0: as 'heads'");
    option("new_attention_order", new_attention_order,
           "q, k and v of all heads stand together, not those of each head");
    option("scale_shift_norm", scale_shift_norm,
           "clock and label scale and shift the second norm of a residual block, not only shift");
    option("resblock_updown", resblock_updown, "residual blocks halve and double the image");
    option("conv_resample", conv_resample,
           "halve by a convolution and follow doubling by one; false: means and copies of pixels");
    option("dropout", dropout, "share of numbers dropped in residual blocks while training");
    option("time_scale", time_scale, "the clock t is multiplied by this; torchcfm: 1");
  }
};

/// Images (C, H, W) that can be halved once a level after the first; 1 to 3 clocks. Weights have
/// the names of guided diffusion; those of the second clock and the third are dt_embed and w_embed.
/// Without a label, none is added. BadOption where the options do not fit.
std::shared_ptr<Backbone> make_unet(const UnetOptions& options, const Space& space, int64_t clocks);

}  // namespace couplet
