// How likely a dataset is under a velocity field.
#pragma once
#include "data/dataset.h"
#include "io/checkpoint.h"

namespace couplet {

struct NllOptions {
  std::string solver = "rk4", divergence, noise;
  int64_t steps = 20, probes = 1, rows = 2000, batch = 256;
  bool raw = false;
  double ema = 0;
  void describe(auto&& option) {
    option("solver", solver, "of the path from data to noise, with its divergence");
    option("steps", steps, "its steps, in each block of a chain");
    option("divergence", divergence,
           "exact (default for vectors), or hutchinson (default for images)");
    option("probes", probes, "of hutchinson, for each row");
    option("noise", noise,
           "added to the data: uniform within a grey level (default for bytes), or none");
    option("rows", rows, "the first so many of the split; 0: all");
    option("batch", batch, "rows at a time");
    option("raw", raw, "the weights as trained instead of their moving average");
    option("ema", ema, "decay of the moving average to take, where there are several; 0: first");
  }
};

/// -log p of the rows of a split, a mean: "nll", nats per dimension of the numbers that the model
/// sees; of vectors "nats", summed over dimensions in the units of the stored numbers; of bytes
/// with uniform noise "bits", per dimension, a bound on their code length. "nll_error": the
/// standard error of nll. "latent": mean square of the codes per dimension, 1 where they are N(0,
/// I). Errors: a chain with blocks missing; data of another shape; options without effect.
json nll(const Checkpoint& model, const Dataset& data, const std::string& split,
         const NllOptions& options, const Run& run);

/// The same of files: a velocity field and a dataset; with the field's path as "samples".
json nll(const std::string& field, const std::string& data, const std::string& split,
         const NllOptions& options, const Run& run);
/// Whether a file is a velocity field.
bool is_velocity_field(const std::string& path);

}  // namespace couplet
