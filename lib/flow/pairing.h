// Pairings: how a coupling gives noise to data, row by row, when its file is written.
#pragma once
#include "base/registry.h"
#include "io/checkpoint.h"

namespace couplet {

/// Noise for a batch of data. x0 (N, *shape); log_p (N): the model's log density, nats, or
/// undefined.
struct Codes {
  Tensor x0, log_p;
};

struct Pairing {
  virtual ~Pairing() = default;
  /// x1: (N, *shape) clean data; draws: (N) int64, a number of its own for every draw of every
  /// example.
  virtual Codes noise_for(const Tensor& x1, const Tensor& label, const Tensor& draws) const = 0;
  virtual json facts() const {
    return json::object();
  }  ///< eta, sigma_f, …: what the file says of it
};

/// What a pairing is made of: the checkpoint (a dataset's pairings have none), a calibration set of
/// data, and the run.
struct PairingInputs {
  const Checkpoint* model;
  Tensor x1, label;  ///< examples to estimate scales on
  const Run* run;
};

const Registry<Pairing, const PairingInputs&>& pairings();

}  // namespace couplet
