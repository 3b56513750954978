// U-Nets of guided diffusion, as torchcfm trains them: velocities at t in [0, 1], noise at 0.
#include <ATen/ATen.h>

#include "base/error.h"
#include "flow/published.h"

namespace couplet {

namespace {

void ask(const WeightOptions& o, const std::string& path) {
  ask_of_field(o, path);
  idle(!o.predicts.empty(), path, "predicts", "U-Net of torchcfm, which predicts the velocity");
  idle(o.classes != 0, path, "classes", "U-Net");
}

/// Whether "output_blocks.k" ends in a doubling of the image.
bool doubles(const Tensors& weights, int64_t k) {
  const std::string at = text("output_blocks.", k, ".");
  for (const char* part : {"1.conv.weight", "2.conv.weight"}) {
    if (weights.contains(at + part)) return true;
  }
  return any_below(weights, at + "1.in_layers.") || any_below(weights, at + "2.in_layers.");
}

/// Residual blocks a level. The first level of the encoder ends where it halves the image, by a
/// convolution or without weights; where a residual block halves it, only the decoder shows that.
int64_t residual_blocks(const Tensors& weights, int64_t count) {
  for (int64_t k = 1; k < count; ++k) {
    if (!any_below(weights, text("input_blocks.", k, ".0.in_layers."))) return k - 1;
  }
  for (int64_t k = 0; k < count; ++k) {
    if (doubles(weights, k)) return k;
  }
  return count - 1;
}

void read(Checkpoint& model, const WeightOptions& o) {
  const Tensors& weights = model.blocks[0].weights;
  const int64_t channels = sizes_of(weights, "time_embed.0.weight", {-1, -1})[1];
  sizes_of(weights, "time_embed.0.weight", {4 * channels, channels});
  const int64_t images = model.space.shape[0], width = model.space.shape[2];
  sizes_of(weights, "input_blocks.0.0.weight", {-1, images, 3, 3});
  sizes_of(weights, "out.2.weight", {images, -1, 3, 3});
  if (weights.contains("label_emb.weight")) {
    model.space.classes = sizes_of(weights, "label_emb.weight", {-1, 4 * channels})[0];
  }

  // As many blocks down as up: the first convolution stands where the last level does not halve.
  const int64_t count = count_of(weights, "output_blocks.");
  const int64_t residual = residual_blocks(weights, count), level = residual + 1;
  require(residual > 0 && count % level == 0, "has ", count, " 'output_blocks' and ", residual,
          " residual blocks before the image is halved first, which is no U-Net");
  std::vector<int64_t> multiples, attention;
  for (int64_t k = 0; k < count / level; ++k) {
    const std::string block = text("input_blocks.", 1 + k * level, ".");
    const int64_t now = sizes_of(weights, block + "0.out_layers.3.weight", {-1, -1, 3, 3})[0];
    require(now % channels == 0, "'", block, "0' has ", now, " channels, no multiple of ",
            channels);
    multiples.push_back(now / channels);
    if (weights.contains(block + "1.qkv.weight")) attention.push_back(width >> k);
  }
  const int64_t first = multiples[0] * channels;
  const bool film = sizes_of(weights, "input_blocks.1.0.emb_layers.1.weight", {-1, -1})[0] > first;
  const bool halved = count > level,
             residually =
                 halved && any_below(weights, text("input_blocks.", level, ".0.in_layers."));
  const bool convolved = any_below(weights, text("input_blocks.", level, ".0.op."));
  model.blocks[0].net = {{"type", "unet"},
                         {"channels", channels},
                         {"res_blocks", residual},
                         {"channel_mult", multiples},
                         {"attention_resolutions", attention},
                         {"scale_shift_norm", film},
                         {"resblock_updown", residually},
                         {"conv_resample", !halved || residually || convolved},
                         {"heads_upsample", o.heads_upsample},
                         {"new_attention_order", o.new_attention_order},
                         {"time_scale", o.time_scale}};
  model.blocks[0].net[o.head > 0 ? "head_channels" : "heads"] = o.head > 0 ? o.head : o.heads;
}

}  // namespace

const Published published_unet = {.name = "U-Net (torchcfm)",
                                  .mark = "input_blocks.0.0.weight",
                                  .kind = "velocity-field",
                                  .ask = ask,
                                  .read = read,
                                  .check = check_field,
                                  .clock = "time_embed.0",
                                  .last = "out.2"};

}  // namespace couplet
