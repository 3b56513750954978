// Trained models as files.
#pragma once
#include <torch/nn/module.h>

#include "base/space.h"
#include "io/run.h"

namespace couplet {

/// One trained network: its options, and its weights by the names of the published code.
struct Block {
  json net;
  Tensors weights, average;  ///< as trained, and their exponential moving average (empty: none)
  /// Decay of the average, as "0.999" (empty: not known), and the averages of other decays.
  std::string decay;
  std::map<std::string, Tensors> others;
};

/// All that is needed to build a trained model again.
struct Checkpoint {
  std::string kind;  ///< "normalizing-flow", "velocity-field", "flow-map", "classifier"
  Space space;
  json facts = json::object();  ///< what the next tool needs: eta, data, scaling, …
  std::vector<Block> blocks;    ///< one; or a chain, numbered from data to noise
  Label label;                  ///< of the file it was read from
};

/// Errors: not a checkpoint of one of the kinds; a damaged file.
Checkpoint read_checkpoint(const std::string& path, const std::vector<std::string>& kinds);
/// As the run's output, by its lead alone. parents: of what the model was made.
void write_checkpoint(const Run& run, const Checkpoint& model, const std::vector<Label>& parents);

/// Parameters and buffers of a module by name (the tensors themselves, not copies).
Tensors named_tensors(const torch::nn::Module& net);
int64_t bytes_of(const Tensors& all);
/// Copies weights into a module by name. Errors: a name that is unknown or a shape that differs;
/// a name that is missing, unless partial.
void load_tensors(torch::nn::Module& net, const Tensors& weights, bool partial = false);
/// What a model made from this file hands on to the next: the dataset's hash, its scaling, its
/// storage.
json carried_on(const Label& source);

/// The weights to use: the average where there is one, unless raw is asked for.
const Tensors& weights_of(const Block& block, bool raw = false);
/// The model with the average of this decay in each block's average. BadOption, with the decays
/// that there are, where one has no such average.
Checkpoint with_average(Checkpoint model, double decay);
/// The model itself, or with the average of a decay that is not 0. BadOption where raw weights are
/// asked for too.
Checkpoint chosen_average(const Checkpoint& model, bool raw, double ema);
/// How a decay is written: 0.999 -> "0.999".
std::string decay_name(double decay);

}  // namespace couplet
