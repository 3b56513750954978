// Couplings: joint laws of noise and data.
#pragma once
#include "base/registry.h"
#include "base/space.h"
#include "io/run.h"

namespace couplet {

/// N pairs (x0, x1): x0 noise at t = 0, x1 data at t = 1, (N, *shape); label (N) int64, -1 = none.
struct CoupledBatch {
  Tensor x0, x1, label;
};

/// A joint law of noise and data as a function of row numbers: the same rows, the same pairs.
struct Coupling {
  virtual ~Coupling() = default;
  virtual Space space() const = 0;
  /// rows: (N) int64, 0, 1, 2, … without end; every epoch shuffles anew.
  virtual CoupledBatch draw(const Tensor& rows) const = 0;
  virtual const Label& source() const = 0;  ///< label of the file behind it
};

/// What a coupling is made of: a couplings file, a dataset or a normalizing flow (data: its
/// dataset, where that has moved), and the run that draws from it. pushed: of a couplings file, not
/// the data are taken but where the blocks of a chain have carried them.
struct CouplingInputs {
  std::string file;
  const Run* run;
  std::string data = "";
  bool pushed = false;
};

/// make(options, inputs)
const Registry<Coupling, const CouplingInputs&>& couplings();

}  // namespace couplet
