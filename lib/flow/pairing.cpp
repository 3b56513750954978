#include "flow/pairing.h"

#include "flow/pairings/independent.h"
#include "flow/pairings/jumped.h"
#include "flow/pairings/minibatch_ot.h"
#include "flow/pairings/ou_step.h"
#include "flow/pairings/pushed.h"
#include "flow/pairings/semidiscrete_ot.h"
#include "flow/pairings/sinkhorn.h"
#include "flow/pairings/teacher.h"

namespace couplet {

const Registry<Pairing, const PairingInputs&>& pairings() {
  static const Registry<Pairing, const PairingInputs&> table(
      "pairing",
      {
          {"teacher", "the codes of a normalizing flow (NFM, 2603.09014)", make_teacher},
          {"independent", "noise that knows nothing of the data", make_independent},
          {"minibatch-ot", "exact optimal transport of n noises to n examples", make_minibatch_ot},
          {"sinkhorn", "entropic optimal transport of n noises to n examples", make_sinkhorn},
          {"semidiscrete-ot", "optimal transport of N(0, I) to the examples", make_semidiscrete_ot},
          {"ou-step", "where a step of diffusion takes the data (LFM, 2410.02548)", make_ou_step},
          {"pushed", "where a velocity field, or a chain of them, carries the data", make_pushed},
          {"jumped", "where a flow map that encodes carries the data", make_jumped},
      });
  return table;
}

}  // namespace couplet
