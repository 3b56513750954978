#include "flow/coupling.h"

#include "flow/couplings/independent.h"
#include "flow/couplings/stored.h"

namespace couplet {

const Registry<Coupling, const CouplingInputs&>& couplings() {
  static const Registry<Coupling, const CouplingInputs&> table(
      "coupling",
      {
          {"stored", "the pairs of a couplings file", make_stored},
          {"independent", "data of the file, with noise drawn afresh each time", make_independent},
      });
  return table;
}

}  // namespace couplet
