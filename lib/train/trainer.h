// The loop that minimises a loss over rows 0, 1, 2, …
#pragma once
#include "base/options.h"
#include "io/checkpoint.h"

namespace couplet {

struct TrainOptions {
  int64_t steps = 1000, batch = 128, accumulate = 1;
  double lr = 1e-3, lr_end = 0, warmup = 0.02;
  std::string schedule = "cosine";
  double beta1 = 0.9, beta2 = 0.99, weight_decay = 0;
  double clip = 1;
  std::vector<double> ema{0.999};
  std::string precision = "fp32";
  int64_t log_every = 50, validate_every = 0;
  double save_minutes = 5;
  void describe(auto&& option) {
    option("steps", steps, "optimiser steps");
    option("batch", batch, "rows a step, of all processes together");
    option("accumulate", accumulate, "parts of a step's rows, one after the other, to save memory");
    option("lr", lr, "learning rate at its highest (AdamW)");
    option("lr_end", lr_end, "learning rate at the end of the schedule");
    option("warmup", warmup, "share of the steps in which the learning rate rises");
    option("schedule", schedule, "after the warm-up: cosine or constant");
    option("beta1", beta1, "AdamW's decay of the mean gradient");
    option("beta2", beta2, "AdamW's decay of the squared gradient");
    option("weight_decay", weight_decay, "AdamW's weight decay");
    option("clip", clip, "largest norm of the gradient; 0: any");
    option(
        "ema", ema,
        "decay of the moving average of the weights, reached by (1 + k)/(10 + k), or several, "
        "[0.999, 0.9999]: the first is validated and taken unless another is asked for; 0: none");
    option("precision", precision, "fp32, or bf16: autocast around the networks");
    option("log_every", log_every, "steps between two records of the log");
    option("validate_every", validate_every, "steps between two validations; 0: only at the end");
    option("save_minutes", save_minutes, "minutes between two states saved");
  }
};

/// A module whose weights, at first the trained net's own, follow these as a moving average of one
/// decay all along (a target network).
struct Follower {
  torch::nn::Module* net;
  double decay;
};

/// What a tool adds to the loop.
struct TrainHooks {
  std::vector<Follower> followers;
  /// Called with the averaged weights loaded into the net (no gradient); the numbers go to the log.
  std::function<json(int64_t step)> validate;
};

struct Trained {
  Block block;
  json numbers = json::object();  ///< final loss, steps, validation
};
/// BadOption where an option is out of its range, so that a tool can say so before long work.
void check(const TrainOptions& options);

/// Minimises loss(rows), a mean over the rows it is given (a scalar tensor), over rows
/// k B … k B + B - 1 at step k. On a CPU it is called by several threads at once, each with a share
/// of these rows; of many processes each has a slice of them, and the sum of gradients moves all
/// alike. Saves its state in the run's partial folder, resumes from it bit-exactly (with as
/// many threads, on a CPU), stops with Unfinished as the run asks. Returns weights and average, and
/// the last validation's numbers. Errors: a loss that is not finite (step, rows).
Trained train(torch::nn::Module& net, const std::function<Tensor(const Tensor& rows)>& loss,
              const TrainOptions& options, const Run& run, const std::string& name,
              const TrainHooks& hooks = {});

}  // namespace couplet
