// Trained weights from other programs as checkpoints, and checkpoints' weights for others.
#pragma once
#include "base/options.h"
#include "io/checkpoint.h"

namespace couplet {

struct WeightOptions {
  std::string group;
  std::vector<int64_t> shape;
  int64_t head = 0, heads = 0, heads_upsample = 0;
  bool new_attention_order = false;
  std::string predicts, interpolant;
  int64_t noise_at = -1;
  int64_t classes = 0;
  double label_drop = -1, time_scale = 0, eta = -1, range = 0;
  void describe(auto&& option) {
    option("group", group,
           "which tensors, where a file holds several models: ema_model; of our "
           "checkpoints: weights, or the decay of an average (default: the first average)");
    option("shape", shape, "of one example, [3,64,64]: no tensor tells it");
    option("head", head, "width of one attention head: no tensor tells it; apple/ml-tarflow: 64");
    option(
        "heads", heads,
        "of a U-Net or DiT: attention heads, in place of their width; DiT-S 6, B 12, L and XL 16");
    option("heads_upsample", heads_upsample,
           "of a U-Net: attention heads on the way up; 0: as on the way down");
    option("new_attention_order", new_attention_order,
           "of a U-Net: it was trained with use_new_attention_order");
    option("predicts", predicts, "of a DiT, which no tensor tells: velocity (SiT) or noise (DiT)");
    option("classes", classes,
           "of a DiT: its classes, where no labels were dropped and its table has no row for none; "
           "0: a row fewer than the table has");
    option("label_drop", label_drop,
           "of a velocity field: share of the labels dropped in its training, which guidance "
           "needs; -1: as published, 0.1 of a DiT, 0 of a U-Net");
    option("interpolant", interpolant,
           "of a velocity field: the path that it was trained on; default linear, where it "
           "predicts noise vp");
    option("noise_at", noise_at,
           "of a velocity field: its time of pure noise, 0 or 1, which is turned; -1: as "
           "published, 0 (torchcfm, SiT), where it predicts noise 1 (DiT)");
    option("time_scale", time_scale,
           "of a velocity field: what its network multiplies t in [0, 1] by; 0: as published, 1, "
           "where it predicts noise the 1000 steps of DiT");
    option("eta", eta, "of a flow: standard deviation of the noise that it was trained with");
    option("range", range,
           "the data were whole numbers 0 .. range scaled to -1 .. 1, and "
           "samples shall be; 0: any numbers");
  }
};

/// True for files of weights: torch.save's, safetensors, our checkpoints.
bool holds_weights(const std::string& path);

/// By the extension of run.output: .h5 a checkpoint of a network of published code (a normalizing
/// flow with the state dict of apple/ml-tarflow, a velocity field with that of torchcfm's U-Net,
/// DiT or SiT; flow/published.h), evaluated once as a check; .safetensors or .npz the tensors by
/// name. Errors: what the shapes do not tell, by the option that says it (BadOption); weights of
/// another architecture; what the reader finds.
void convert_weights(const std::string& input, const WeightOptions& options, const Run& run);

}  // namespace couplet
