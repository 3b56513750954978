// TarFlows of apple/ml-tarflow.
#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "flow/loading.h"
#include "flow/published.h"

namespace couplet {

namespace {

void ask(const WeightOptions& o, const std::string& path) {
  need(!o.shape.empty(), path, "the shape of an example", "'weights.shape=[3,64,64]'");
  need(o.head > 0, path, "the width of its attention heads",
       "weights.head=64 (apple/ml-tarflow's)");
  need(o.eta >= 0, path, "the noise that it was trained with", "weights.eta=0.05 (0: none)");
  const WeightOptions unset;
  const char* flow = "normalizing flow";
  idle(o.heads != unset.heads, path, "heads", flow);
  idle(o.heads_upsample != unset.heads_upsample, path, "heads_upsample", flow);
  idle(o.new_attention_order, path, "new_attention_order", flow);
  idle(o.predicts != unset.predicts, path, "predicts", flow);
  idle(o.classes != unset.classes, path, "classes", flow);
  idle(o.label_drop != unset.label_drop, path, "label_drop", flow);
  idle(o.noise_at != unset.noise_at, path, "noise_at", flow);
  idle(o.time_scale != unset.time_scale, path, "time_scale", flow);
  idle(o.interpolant != unset.interpolant, path, "interpolant", flow);
}

void read(Checkpoint& model, const WeightOptions& o) {
  const Tensors& weights = model.blocks[0].weights;
  if (weights.contains("blocks.0.class_embed")) {
    model.space.classes = sizes_of(weights, "blocks.0.class_embed", {-1, -1, -1})[0];
  }
  const auto in = sizes_of(weights, "blocks.0.proj_in.weight", {-1, -1});
  const int64_t channels = in[0], width = in[1];
  const int64_t tokens = sizes_of(weights, "blocks.0.pos_embed", {-1, channels})[0];
  const int64_t outputs = sizes_of(weights, "blocks.0.proj_out.weight", {-1, channels})[0];
  const int64_t blocks = count_of(weights, "blocks."),
                layers = count_of(weights, "blocks.0.attn_blocks.");
  // Before a network of these sizes is made
  for (int64_t i = 0; i < blocks; ++i) {
    sizes_of(weights, text("blocks.", i, ".attn_mask"), {tokens, tokens});
    for (int64_t k = 0; k < layers; ++k) {
      const std::string layer = text("blocks.", i, ".attn_blocks.", k);
      sizes_of(weights, layer + ".attention.qkv.weight", {3 * channels, channels});
      sizes_of(weights, layer + ".mlp.main.0.weight", {4 * channels, channels});
    }
  }

  const auto& shape = model.space.shape;
  const bool image = shape.size() == 3;
  const double area = static_cast<double>(width) / static_cast<double>(shape[0]);
  const int64_t patch = image ? std::llround(std::sqrt(area)) : width;
  require_option(shape.size() == 1 || (image && shape[0] * patch * patch == width),
                 "option 'weights.shape' = ", at::IntArrayRef(shape), ": tokens of ", width,
                 " numbers are no square patches of such images");
  require_option(model.space.dims() == tokens * width,
                 "option 'weights.shape' = ", at::IntArrayRef(shape), " has ", model.space.dims(),
                 " numbers, the ", tokens, " tokens of ", width, " have ", tokens * width);
  model.blocks[0].net = {{"type", "tarflow"},          {"patch", patch},   {"channels", channels},
                         {"blocks", blocks},           {"layers", layers}, {"head", o.head},
                         {"nvp", outputs == 2 * width}};
  model.facts["eta"] = o.eta;
}

/// How far decode and encode are from each other.
json check(const Checkpoint& model, const Run& run) {
  const at::NoGradGuard no_grad;
  const auto flow = load_flow(model, run.device);
  const Tensor rows = row_range(0, 16, run.device);
  const Tensor z = run.random.stream("check").normal(rows, model.space.shape);
  const Tensor label =
      model.space.classes > 0 ? rows.remainder(model.space.classes) : at::full_like(rows, -1);
  const Tensor x = flow->decode(z, label);
  const Tensor error = (flow->encode(x, label).z - z).abs();
  if (!(error.max().item<double>() < 0.1)) {
    run.log->warn(
        "encoding does not undo decoding: are weights.head, shape and group the right "
        "ones?");
  }
  return {{"decoded_std", x.std().item<double>()},
          {"error_max", error.max().item<double>()},
          {"error_mean", error.mean().item<double>()}};
}

}  // namespace

const Published published_tarflow = {.name = "TarFlow (apple/ml-tarflow)",
                                     .mark = "blocks.0.attn_blocks.0.attention.qkv.weight",
                                     .kind = "normalizing-flow",
                                     .ask = ask,
                                     .read = read,
                                     .check = check};

}  // namespace couplet
