// Trained weights from other programs as checkpoints, and checkpoints' weights for others.
#pragma once
#include "io/checkpoint.h"

namespace couplet {

struct WeightOptions {
  std::string group;
  std::vector<int64_t> shape;
  int64_t head = 0;
  double eta = -1, range = 0;
  void describe(auto&& option) {
    option("group", group,
           "which tensors, where a file holds several models: ema_model; of our "
           "checkpoints: weights (default: the average where there is one)");
    option("shape", shape, "of one example, [3,64,64]: no tensor tells it");
    option("head", head, "width of one attention head: no tensor tells it; apple/ml-tarflow: 64");
    option("eta", eta, "standard deviation of the noise that the flow was trained with");
    option("range", range,
           "the flow's data were whole numbers 0 .. range scaled to -1 .. 1, and "
           "samples shall be; 0: any numbers");
  }
};

/// True for files of weights: torch.save's, safetensors, our checkpoints.
bool holds_weights(const std::string& path);

/// By the extension of run.output: .h5 a checkpoint of a normalizing flow with the state dict of
/// apple/ml-tarflow, decoded and encoded once as a check; .safetensors or .npz the tensors by name.
/// Errors: what the shapes do not tell, by the option that says it (BadOption); weights of another
/// architecture; what the reader finds.
void convert_weights(const std::string& input, const WeightOptions& options, const Run& run);

}  // namespace couplet
