// Transformers of facebookresearch/DiT and willisma/SiT, which share their names. SiT's code has
// noise at t = 0; DiT's own training predicts the noise at the steps of a diffusion.
#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "flow/published.h"

namespace couplet {

namespace {

void ask(const WeightOptions& o, const std::string& path) {
  need(!o.predicts.empty(), path, "whether it predicts velocities (SiT) or noise (DiT)",
       "weights.predicts=velocity");
  require_option(o.predicts == "velocity" || o.predicts == "noise",
                 "option 'weights.predicts' must be velocity or noise, found '", o.predicts, "'");
  require_option(o.predicts == "velocity" || o.interpolant.empty() || o.interpolant == "vp",
                 "option 'weights.interpolant' = ", o.interpolant, ": ", path,
                 " predicts the noise of a diffusion, whose path is vp");
  ask_of_field(o, path);
  idle(o.new_attention_order, path, "new_attention_order", "DiT");
  idle(o.heads_upsample != 0, path, "heads_upsample", "DiT");
}

/// Classes; the last row of the table is that of no label, and is added where labels were never
/// dropped.
int64_t read_labels(Checkpoint& model, const WeightOptions& o, int64_t hidden) {
  const char* name = "y_embedder.embedding_table.weight";
  Tensors& weights = model.blocks[0].weights;
  const int64_t rows = sizes_of(weights, name, {-1, hidden})[0];
  const int64_t classes = o.classes == 0 ? rows - 1 : o.classes;
  require_option(rows == classes || rows == classes + 1, "option 'weights.classes' = ", classes,
                 ": '", name, "' has ", rows, " rows");
  const bool dropped = rows > classes;
  require_option(dropped || o.label_drop <= 0,
                 "option 'weights.label_drop': the table has no row for no label");
  if (!dropped) weights[name] = at::cat({weights[name], at::zeros({1, hidden})});
  model.facts["label_drop"] = o.label_drop >= 0 ? o.label_drop : dropped ? 0.1 : 0;
  return classes;
}

void read(Checkpoint& model, const WeightOptions& o) {
  const Tensors& weights = model.blocks[0].weights;
  const auto& shape = model.space.shape;
  const auto patches = sizes_of(weights, "x_embedder.proj.weight", {-1, shape[0], -1, -1});
  const int64_t hidden = patches[0], patch = patches[2], depth = count_of(weights, "blocks.");
  sizes_of(weights, "x_embedder.proj.weight", {hidden, shape[0], patch, patch});
  require_option(shape[1] % patch == 0 && shape[2] % patch == 0,
                 "option 'weights.shape' = ", at::IntArrayRef(shape), ": patches of ", patch,
                 " do not divide it");
  const int64_t tokens = (shape[1] / patch) * (shape[2] / patch);
  const int64_t found = sizes_of(weights, "pos_embed", {1, -1, hidden})[1];
  require_option(found == tokens, "option 'weights.shape' = ", at::IntArrayRef(shape), " has ",
                 tokens, " patches of ", patch, ", the network has ", found);
  const int64_t inner = sizes_of(weights, "blocks.0.mlp.fc1.weight", {-1, hidden})[0];
  const int64_t area = patch * patch * shape[0];
  const int64_t out = sizes_of(weights, "final_layer.linear.weight", {-1, hidden})[0];
  require(out == area || out == 2 * area, "'final_layer.linear.weight' has ", out,
          " rows, expected ", area, " (or twice that with learn_sigma)");
  model.space.classes = read_labels(model, o, hidden);
  const int64_t heads = o.heads > 0 ? o.heads : hidden / o.head;
  require_option(o.heads > 0 || heads * o.head == hidden, "option 'weights.head' = ", o.head,
                 " does not divide the width ", hidden);
  model.blocks[0].net = {{"type", "dit"},
                         {"patch", patch},
                         {"hidden", hidden},
                         {"depth", depth},
                         {"heads", heads},
                         {"mlp_ratio", static_cast<double>(inner) / static_cast<double>(hidden)},
                         {"learn_sigma", out == 2 * area},
                         {"predicts", o.predicts},
                         {"time_scale", o.time_scale}};
}

}  // namespace

const Published published_dit = {.name = "DiT or SiT",
                                 .mark = "x_embedder.proj.weight",
                                 .kind = "velocity-field",
                                 .ask = ask,
                                 .read = read,
                                 .check = check_field,
                                 .clock = "t_embedder.mlp.0",
                                 .last = "final_layer.linear"};

}  // namespace couplet
