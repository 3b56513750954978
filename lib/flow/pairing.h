// Pairings: how a coupling makes pairs of noise and data, by number.
#pragma once
#include "base/registry.h"
#include "data/batches.h"
#include "flow/coupling.h"
#include "io/checkpoint.h"

namespace couplet {

/// N pairs as they are made: also the row of the train split that x1 is, (N) int64, where the
/// batches are stored; whether it is mirrored left to right, (N) bool or undefined; the model's log
/// density of it, (N) nats, or undefined; error: the largest error of the marginals of the plans
/// that they come from.
struct NewPairs : CoupledBatch {
  Tensor example, flip, log_p;
  double error = 0;
};

/// Pairs that have numbers: a number is one pair for ever, whatever else is made with it.
struct Pairing {
  virtual ~Pairing() = default;
  /// numbers: (N) int64, on the run's device. Safe to call from several threads.
  virtual NewPairs make(const Tensor& numbers) const = 0;
  /// Numbers of one run of so many, from a whole multiple on, are matched with each other: whoever
  /// makes one of them has had the work of all.
  virtual int64_t together() const { return 1; }
  /// True where the example of a number is that of the batches it is made from; else the pairing
  /// chooses it.
  virtual bool keeps_examples() const { return true; }
  /// eta, sigma_f, …: what a file says of it.
  virtual json facts() const { return json::object(); }
  /// What a file holds of it besides the pairs.
  virtual Tensors tables() const { return {}; }
};

/// What a pairing is made of: examples by number and the dataset they are from, the run, and where
/// there are any, the checkpoint that encodes them and earlier pairs of theirs that hold
/// potentials.
struct PairingInputs {
  const Batches& batches;
  const Dataset& data;
  const Run* run;
  const Checkpoint* model = nullptr;
  const Artifact* earlier = nullptr;
};

const Registry<Pairing, const PairingInputs&>& pairings();

}  // namespace couplet
